// A small HTTP client for benchmarks: one thread, one request under way per connection, no allocation per request, so that what it
// costs beside the measured daemon is mostly the kernel's. A closed loop, or with --rate so many requests a second whatever comes
// back: then times count from the moment when a request was due, also when no connection was free. Prints one JSON object.
// usage: http_load --port P --mode open|deposit|transfer|invalid|get [--connections N] [--seconds S | --count N] [--accounts N]
//                  [--hot] [--run NAME] [--prefix mj-] [--payee-prefix jh-] [--rate R] [--key API_KEY]
//   open, deposit   accounts 0 … N-1 in turn, until --count     transfer  random payer, random payee (--hot: always account 0)
//   invalid         a whole transfer in a currency nobody configured: read, checked, refused, nothing touched
//   get             GET / (a static page of another server)
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;

struct Options {
  int port = 0;
  std::string mode = "transfer", run = "r", prefix = "mj-", payee_prefix, authorization;
  int connections = 64;
  double seconds = 0, rate = 0;
  std::uint64_t count = 0;
  std::uint64_t accounts = 1000;
  bool hot = false;
};

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

// Log-linear: 128 steps per power of two, so an answer is off by less than one percent.
class Histogram {
 public:
  void add(std::uint64_t ns) {
    ++cells_[cell(ns)];
    ++total_;
  }
  double quantile_us(double share) const {
    auto left = static_cast<std::uint64_t>(share * static_cast<double>(total_));
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      if (left < cells_[i]) return static_cast<double>(value(i)) / 1e3;
      left -= cells_[i];
    }
    return 0;
  }

 private:
  static std::size_t cell(std::uint64_t ns) {
    if (ns < 128) return ns;
    const auto shift = static_cast<unsigned>(std::bit_width(ns)) - 8;
    return std::min<std::size_t>((shift + 1) * 128 + (ns >> shift) - 128, 40 * 128 - 1);
  }
  static std::uint64_t value(std::size_t cell) {
    return cell < 128 ? cell : ((cell % 128) + 128) << (cell / 128 - 1);
  }
  std::array<std::uint64_t, 40 * 128> cells_{};
  std::uint64_t total_ = 0;
};

struct Connection {
  int fd = -1;
  std::size_t have = 0;
  clock_type::time_point sent;
  std::array<char, 16384> in;
};

class Load {
 public:
  explicit Load(const Options& options) : options_(options), connections_(static_cast<std::size_t>(options.connections)) {}

  void run() {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    for (Connection& c : connections_) open(c);
    const double cpu_before = cpu_seconds();
    start_ = clock_type::now();
    if (options_.rate > 0) {
      for (Connection& c : connections_) idle_.push_back(&c);
      open_timer();
      send_what_is_due();
    } else {
      for (Connection& c : connections_)
        if (more()) send(c, clock_type::now());
    }
    std::array<epoll_event, 256> events;
    while (open_requests_ > 0 || (options_.rate > 0 && more())) {
      const int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 10'000);
      if (n == 0) {
        std::fprintf(stderr, "http_load: no answer for 10 s, %llu requests open\n", static_cast<unsigned long long>(open_requests_));
        std::exit(1);
      }
      for (int i = 0; i < n; ++i) {
        void* const what = events[static_cast<std::size_t>(i)].data.ptr;
        if (what != nullptr) receive(*static_cast<Connection*>(what));
      }
      if (options_.rate > 0) send_what_is_due();
    }
    report(std::chrono::duration<double>(clock_type::now() - start_).count(), cpu_seconds() - cpu_before);
  }

 private:
  void open(Connection& c) {
    c.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(options_.port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(c.fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) fail("connect");
    const int on = 1;
    setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &c;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &event);
  }

  bool more() const {
    if (options_.count != 0) return made_ < options_.count;
    return std::chrono::duration<double>(clock_type::now() - start_).count() < options_.seconds;
  }

  // ---- a rate that nothing changes ----

  clock_type::time_point due(std::uint64_t n) const {
    return start_ + std::chrono::duration_cast<clock_type::duration>(std::chrono::duration<double>(static_cast<double>(n) / options_.rate));
  }
  void open_timer() {
    timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &event);  // data.ptr stays null: the timer
  }
  void send_what_is_due() {
    while (more() && !idle_.empty() && due(made_) <= clock_type::now()) {
      Connection& c = *idle_.back();
      idle_.pop_back();
      send(c, due(made_));
    }
    if (!more() || idle_.empty()) return;  // an answer that frees a connection comes here again
    const auto wait = std::max<std::int64_t>(1, std::chrono::nanoseconds(due(made_) - clock_type::now()).count());
    itimerspec when{};
    when.it_value.tv_sec = wait / 1'000'000'000;
    when.it_value.tv_nsec = wait % 1'000'000'000;
    timerfd_settime(timer_, 0, &when, nullptr);
  }

  std::uint64_t random() {  // xorshift64*
    seed_ ^= seed_ >> 12;
    seed_ ^= seed_ << 25;
    seed_ ^= seed_ >> 27;
    return seed_ * 0x2545F4914F6CDD1Dull;
  }

  int body(char* out, std::size_t size, std::uint64_t n) {
    const char* prefix = options_.prefix.c_str();
    const auto u = [](std::uint64_t v) { return static_cast<unsigned long long>(v); };
    if (options_.mode == "open") return std::snprintf(out, size, R"({"number":"%s%llu","currency":"KRW"})", prefix, u(1'000'000 + n));
    if (options_.mode == "deposit")
      return std::snprintf(out, size, R"({"account":"%s%llu","amount":"1000000000","currency":"KRW"})", prefix, u(1'000'000 + n % options_.accounts));
    const bool away = !options_.payee_prefix.empty();
    std::uint64_t payer = random() % options_.accounts;
    std::uint64_t payee = options_.hot ? 0 : random() % options_.accounts;
    if (payer == payee && !away) payer = (payer + 1) % options_.accounts;
    return std::snprintf(out, size, R"({"payer":"%s%llu","payee":"%s%llu","amount":"1","currency":"%s"})", prefix, u(1'000'000 + payer),
                         away ? options_.payee_prefix.c_str() : prefix, u(1'000'000 + payee), options_.mode == "invalid" ? "XXX" : "KRW");
  }

  void send(Connection& c, clock_type::time_point since) {
    char text[512];
    char request[1024];
    int length;
    if (options_.mode == "get") {
      length = std::snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    } else {
      const char* path = options_.mode == "open" ? "/v1/accounts" : options_.mode == "deposit" ? "/v1/deposits" : "/v1/transfers";
      const int size = body(text, sizeof text, made_);
      length = std::snprintf(request, sizeof request,
                             "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nIdempotency-Key: %s-%llu\r\n"
                             "%s%sContent-Length: %d\r\n\r\n%s",
                             path, options_.run.c_str(), static_cast<unsigned long long>(made_), options_.authorization.c_str(),
                             options_.payee_prefix.empty() ? "" : "Prefer: wait=10\r\n", size, text);
    }
    ++made_;
    ++open_requests_;
    c.have = 0;
    c.sent = since;
    if (write(c.fd, request, static_cast<std::size_t>(length)) != length) fail("write");
  }

  void receive(Connection& c) {
    const ssize_t got = read(c.fd, c.in.data() + c.have, c.in.size() - c.have);
    if (got <= 0) {
      std::fprintf(stderr, "http_load: the server closed a connection\n");
      std::exit(1);
    }
    c.have += static_cast<std::size_t>(got);
    const std::string_view seen(c.in.data(), c.have);
    const auto end = seen.find("\r\n\r\n");
    if (end == std::string_view::npos) return;
    const auto field = seen.find("Content-Length: ");
    const std::size_t content = field < end ? std::strtoul(seen.data() + field + 16, nullptr, 10) : 0;
    if (c.have < end + 4 + content) return;
    const int status = std::atoi(seen.data() + 9);
    if (statuses_[status]++ == 0) first_body_[status] = std::string(seen.substr(end + 4, std::min<std::size_t>(content, 200)));
    times_.add(static_cast<std::uint64_t>((clock_type::now() - c.sent).count()));
    --open_requests_;
    if (options_.rate > 0) idle_.push_back(&c);
    else if (more()) send(c, clock_type::now());
  }

  void report(double seconds, double cpu) const {
    std::uint64_t total = 0;
    std::string by_status;
    for (const auto& [status, n] : statuses_) {
      total += n;
      by_status += (by_status.empty() ? "" : ", ") + ("\"" + std::to_string(status) + "\": " + std::to_string(n));
    }
    for (const auto& [status, text] : first_body_)
      if (status >= 300 && options_.mode != "invalid") std::fprintf(stderr, "http_load: first %d: %s\n", status, text.c_str());
    std::printf("{\"count\": %llu, \"seconds\": %.6f, \"cpu_seconds\": %.6f, \"p50_us\": %.2f, \"p99_us\": %.2f, \"status\": {%s}}\n",
                static_cast<unsigned long long>(total), seconds, cpu, times_.quantile_us(0.5), times_.quantile_us(0.99), by_status.c_str());
  }

  const Options& options_;
  std::vector<Connection> connections_;
  std::vector<Connection*> idle_;
  int epoll_ = -1, timer_ = -1;
  clock_type::time_point start_;
  std::uint64_t made_ = 0, open_requests_ = 0;
  std::uint64_t seed_ = 0x9E3779B97F4A7C15ull;
  std::map<int, std::uint64_t> statuses_;
  std::map<int, std::string> first_body_;
  Histogram times_;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--hot") {
      options.hot = true;
      continue;
    }
    if (i + 1 == argc) return std::fprintf(stderr, "http_load: %s needs a value\n", argv[i]), 2;
    const char* value = argv[++i];
    if (name == "--port") options.port = std::atoi(value);
    else if (name == "--mode") options.mode = value;
    else if (name == "--run") options.run = value;
    else if (name == "--prefix") options.prefix = value;
    else if (name == "--payee-prefix") options.payee_prefix = value;
    else if (name == "--rate") options.rate = std::strtod(value, nullptr);
    else if (name == "--key") options.authorization = "Authorization: Bearer " + std::string(value) + "\r\n";
    else if (name == "--connections") options.connections = std::atoi(value);
    else if (name == "--seconds") options.seconds = std::strtod(value, nullptr);
    else if (name == "--count") options.count = std::strtoull(value, nullptr, 10);
    else if (name == "--accounts") options.accounts = std::strtoull(value, nullptr, 10);
    else return std::fprintf(stderr, "http_load: unknown option %s\n", argv[i - 1]), 2;
  }
  Load(options).run();
}

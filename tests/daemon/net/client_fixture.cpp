#include "daemon/net/client_fixture.h"

#include <condition_variable>
#include <mutex>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/net/server_fixture.h"

namespace payswitch::daemon::net::testing {

CallingLoop::CallingLoop(ClientLimits limits, Lookup lookup) : loop_(0) {
  auto sink = std::make_unique<MemorySink>();
  sink_ = sink.get();
  logger_ = std::make_unique<Logger>(clock_, std::move(sink), Severity::debug);
  client_ = HttpClient::make(loop_, clock_, *logger_, registry_, limits, lookup);
  thread_ = std::thread([this] { loop_.run(); });
}

CallingLoop::~CallingLoop() {
  loop_.stop();
  thread_.join();
}

void CallingLoop::on_loop(const std::function<void()>& work) {
  struct Job {
    const std::function<void()>& work;
    std::atomic<bool> done{false};
  } job{work};
  loop_.post({[](void* context) {
    static_cast<Job*>(context)->work();
    static_cast<Job*>(context)->done = true;
  }, &job});
  while (!job.done) std::this_thread::yield();
}

std::uint64_t CallingLoop::start(ClientRequest request, Result& result, std::atomic<bool>& done, std::uint64_t deadline_ms) {
  struct Context {
    Result& result;
    std::atomic<bool>& done;
    const Clock& clock;
    std::uint64_t started_ns;
  };
  std::uint64_t number = 0;
  on_loop([&] {
    auto* context = new Context{result, done, clock_, clock_.monotonic_ns()};
    request.call_deadline_ns = context->started_ns + deadline_ms * 1'000'000;
    number = client_->request(request, {[](void* raw, const ClientAnswer& answer) {
      const std::unique_ptr<Context> owned(static_cast<Context*>(raw));
      Result& out = owned->result;
      if (out.delivered) ADD_FAILURE() << "a second answer";
      out = {true, answer.phase, answer.error, answer.status, std::string(answer.body), std::string(answer.detail), std::string(answer.peer_spki), {},
             (owned->clock.monotonic_ns() - owned->started_ns) / 1'000'000};
      for (const Header& header : answer.headers) out.headers.emplace_back(header.name, header.value);
      owned->done = true;
    }, context});
    if (number == 0) delete context;
  });
  return number;
}

Result CallingLoop::call(ClientRequest request, std::uint64_t deadline_ms) {
  Result result;
  std::atomic<bool> done{false};
  if (start(request, result, done, deadline_ms) == 0) return result;
  EXPECT_TRUE(eventually([&] { return done.load(); }, std::chrono::seconds(15)));
  return result;
}

bool CallingLoop::cancel(std::uint64_t number) {
  bool known = false;
  on_loop([&] { known = client_->cancel(number); });
  return known;
}

void CallingLoop::set_tls_profile(const std::string& name, TlsContextPtr context) {
  on_loop([&] { client_->set_tls_profile(name, context); });
}

std::string CallingLoop::metrics() const {
  std::string text;
  registry_.write_text(text);
  return text;
}

ScriptedServer::ScriptedServer(std::function<void(int, int)> script) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), size);
  ::listen(fd_.get(), 16);
  ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this, script = std::move(script)] {
    for (;;) {
      const Fd connection(::accept(fd_.get(), nullptr, nullptr));
      if (!connection) return;
      script(connection.get(), connections_++);
    }
  });
}

ScriptedServer::~ScriptedServer() {
  ::shutdown(fd_.get(), SHUT_RDWR);
  thread_.join();
}

bool ScriptedServer::read_head(int fd) {
  std::string bytes;
  char block[4096];
  while (bytes.find("\r\n\r\n") == std::string::npos) {
    const ssize_t got = ::recv(fd, block, sizeof block, 0);
    if (got <= 0) return false;
    bytes.append(block, static_cast<std::size_t>(got));
  }
  return true;
}

void ScriptedServer::write(int fd, std::string_view bytes) {
  [[maybe_unused]] const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

}  // namespace payswitch::daemon::net::testing

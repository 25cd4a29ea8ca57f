// A host in one thread with a manual clock: it drives turn() of one instance and fakes every service. Nothing sleeps, nothing is
// random, so a test of a connector says exactly what happens when.
//   ManualClock clock;  FakeHost host(clock);
//   host.option("endpoint", "https://jh.example");
//   host.load(psw_type, "jh");                                  configure + start; returns the complaint or empty
//   host.submit(op, [&](const psw_reply& r) { … });  host.run();   until nothing is left to do now
//   host.advance_ms(500);                                       fires what falls due on the way
#pragma once

#include <payswitch/abi.h>
#include <payswitch/sha256.h>
#include <payswitch/str.h>
#include <payswitch/testing/fake_config.h>
#include <payswitch/testing/fake_inbound.h>
#include <payswitch/testing/manual_clock.h>
#include <payswitch/testing/owned.h>

#include <poll.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace payswitch::testing {

struct LogLine {
  std::int32_t level;
  std::string id;
  std::vector<std::pair<std::string, std::string>> fields;
};
struct HttpReply {  // what the scripted network answers to a request of the plugin
  std::int32_t phase = PSW_HTTP_DONE;
  int status = 200;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::uint64_t delay_ns = 0;
};
struct HttpSeen {
  std::string method, target, body, tls_profile;
  std::vector<std::pair<std::string, std::string>> headers;
};
struct Route {
  std::uint32_t lane;
  std::string listener, method, path;
};

class FakeHost {
 public:
  using OnReply = std::function<void(const psw_reply&)>;

  explicit FakeHost(ManualClock& clock, std::uint64_t seed = 1) : clock_(clock), random_(seed) { fill_tables(); }
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;
  ~FakeHost() { unload(); }

  void option(const std::string& path, std::string_view value) { config_.set(path, value); }

  std::string load(const psw_type& type, std::string_view name) {
    if (std::string complaint = config_.check(type); !complaint.empty()) return complaint;
    config_.set("@name", name);
    for (const psw_lane& l : rows<psw_lane>(type.lanes)) lanes_.push_back({l, {}, {}});
    psw_error error{};
    error.size = sizeof error;
    instance_ = type.create(&host_, str(name), &error);
    if (instance_ == nullptr) return complaint_of(error);
    if (instance_->configure != nullptr && instance_->configure(instance_->self, config_.abi(), &error) != PSW_OK) {
      std::string out = complaint_of(error);
      unload();
      return out;
    }
    configured_ = true;
    if (instance_->start != nullptr && instance_->start(instance_->self, &error) != PSW_OK) {
      std::string out = complaint_of(error);
      unload();
      return out;
    }
    return {};
  }
  void stop() {
    if (instance_ != nullptr && instance_->stop != nullptr && !std::exchange(stopped_, true)) instance_->stop(instance_->self);
  }
  void unload() {
    if (instance_ == nullptr) return;
    if (configured_) stop();
    const psw_instance* gone = std::exchange(instance_, nullptr);
    gone->destroy(gone->self);
  }

  // op.body and all it points to stay the caller's until on_reply was called. The handle is set here and returned.
  psw_handle submit(psw_op op, OnReply on_reply) {
    op.size = sizeof op;
    op.handle = next_handle_++ | std::uint64_t{1} << 32;
    if (op.call_deadline_ns == 0) op.call_deadline_ns = clock_.now_ns() + 5'000'000'000;
    open_[op.handle] = std::move(on_reply);
    Item item;
    item.op = std::make_unique<psw_op>(op);
    const void* body_of = item.op.get();  // read before item is moved
    push(lane_of(group_of(op.kind)), PSW_EV_OP, op.handle, body_of, std::move(item));
    return op.handle;
  }
  bool try_read(psw_op op, const OnReply& on_reply) {
    if (instance_->try_read == nullptr) return false;
    op.size = sizeof op;
    psw_reply r{};
    r.size = sizeof r;
    if (instance_->try_read(instance_->self, &op, &r) != 0) return false;
    on_reply(r);
    return true;
  }
  void abandon(psw_handle handle) { push(0, PSW_EV_ABANDON, handle, nullptr, {}); }
  void drain() {
    for (std::uint32_t l = 0; l != lanes_.size(); ++l) push(l, PSW_EV_DRAIN, 0, nullptr, {});
  }
  void reconfigure() {
    for (std::uint32_t l = 0; l != lanes_.size(); ++l) push(l, PSW_EV_CONFIG, 0, config_.abi(), {});
  }
  void unknown_event() { push(0, 9999, 77, nullptr, {}); }

  // A request from outside to a route of the plugin. The answer appears in `responses` under the returned handle.
  psw_handle http(std::string_view method, std::string_view target, std::string_view body = "", std::string_view peer_spki = "",
                  const std::vector<std::pair<std::string, std::string>>& headers = {}, std::string_view authority = "switch.test") {
    std::vector<psw_header> header_rows;
    for (const auto& [name, value] : headers) header_rows.push_back({str(name), str(value)});
    psw_http h{};
    h.size = sizeof h;
    h.handle = next_handle_++ | std::uint64_t{1} << 33;
    h.method = str(method);
    h.target = str(target);
    h.body = str(body);
    h.peer_spki = str(peer_spki);
    h.authority = str(authority);
    h.headers = list_of(header_rows.data(), header_rows.size());
    h.remote = str("127.0.0.1:1");
    const std::string_view path = target.substr(0, target.find('?'));
    for (const Route& r : routes) {
      if (r.method == method && (r.path == path || (r.path.ends_with('/') && path.starts_with(r.path)))) {
        Item item;
        item.http = std::make_unique<OwnedHttp>(h);
        const void* body_of = &item.http->http;
        push(r.lane, PSW_EV_HTTP, h.handle, body_of, std::move(item));
        return h.handle;
      }
    }
    responses[h.handle].status = 404;
    return h.handle;
  }

  // One turn of every lane that has something; true if any had.
  bool turn() {
    fire_due();
    bool worked = false;
    for (std::uint32_t l = 0; l != lanes_.size() && instance_ != nullptr; ++l) {
      if (lanes_[l].inbox.empty()) continue;
      worked = true;
      instance_->turn(instance_->self, l, 0);
      lanes_[l].taken.clear();
    }
    return worked;
  }
  void run(std::size_t turns_max = 100'000) {
    while (turns_max-- != 0 && turn()) {
    }
  }
  std::optional<std::uint64_t> next_due_ns() const {
    if (timers_.empty()) return std::nullopt;
    return timers_.begin()->first;
  }
  // Lets time pass, stopping at every due time on the way.
  void advance_ms(std::uint64_t ms) {
    const std::uint64_t end = clock_.now_ns() + ms * 1'000'000;
    run();
    while (next_due_ns() && *next_due_ns() <= end) {
      clock_.advance_to_ns(*next_due_ns());
      run();
    }
    clock_.advance_to_ns(end);
    run();
  }

  const psw_host& abi() const noexcept { return host_; }
  const psw_instance* instance() const noexcept { return instance_; }
  ManualClock& clock() noexcept { return clock_; }
  std::size_t open_operations() const noexcept { return open_.size(); }

  // Something waits in an inbox, or a timer is due.
  bool has_work() const {
    if (!timers_.empty() && timers_.begin()->first <= clock_.now_ns()) return true;
    return std::any_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return !lane.inbox.empty(); });
  }
  // The process is gone: the instance gets no chance to stop in order.
  void kill() {
    stopped_ = true;
    unload();
  }

  // ---- what a test sets and sees ----
  // A network that takes its time: if set, it gets each request instead of `network` and gives the answer when it likes, at most once; at
  // the call deadline the host answers by itself. Answering a host that is gone does nothing.
  using Answered = std::function<void(const HttpReply&)>;
  std::function<void(const HttpSeen&, Answered)> carry;
  std::function<void(psw_handle, const HttpReply&)> responded;  // told of each answer of the plugin, which is then not kept in `responses`
  // Real keys instead of the fake signatures below.
  class Keys {
   public:
    virtual ~Keys() = default;
    virtual std::string sign(std::string_view message, std::uint8_t* signature) = 0;  // gives the key id; empty: no key
    // PSW_OK with the bank, PSW_ABSENT for an unknown key, PSW_INVALID for a bad signature.
    virtual std::int32_t verify(std::string_view key_id, std::string_view message, const std::uint8_t* signature, std::string& bank) = 0;
  };
  Keys* keys = nullptr;
  std::function<HttpReply(const HttpSeen&)> network = [](const HttpSeen&) { return HttpReply{.phase = PSW_HTTP_CONNECT, .status = 0, .body = {}, .headers = {}, .delay_ns = 0}; };
  Inbound* inbound = &own_inbound;
  FakeInbound own_inbound;
  std::map<std::string, std::string> secrets;
  std::map<std::string, std::string> key_owner{{"us-key", "us"}};  // key id → bank
  std::string signing_key = "us-key";
  std::int32_t state = 0;                  // the last PSW_READY_*
  std::string state_text;
  std::vector<LogLine> logs;
  std::vector<HttpSeen> requests;
  std::map<psw_handle, HttpReply> responses;
  std::vector<Route> routes;
  std::map<std::string, std::pair<std::string, std::uint64_t>> kv;  // value, version
  std::vector<std::string> metric_names;
  std::vector<std::int64_t> metric_values;
  std::vector<psw_span> spans;
  std::uint64_t stray_replies = 0;         // to handles that are not open: second or stale answers
  std::uint64_t batches = 0;               // calls of complete()
  bool refuse_services = false;            // every service call is answered OVERLOADED

  static void fake_signature(std::string_view key_id, std::string_view message, std::uint8_t* out) {
    Sha256 hash;
    hash.update(key_id);
    hash.update("|");
    hash.update(message);
    const Sha256Digest d = hash.finish();
    std::memcpy(out, d.data(), 32);
    std::memcpy(out + 32, d.data(), 32);
  }

 private:
  struct Item {  // an event and what it points to
    psw_event event{};
    std::unique_ptr<psw_op> op;
    std::unique_ptr<OwnedReply> reply;
    std::unique_ptr<OwnedHttp> http;
    std::unique_ptr<psw_fd> fd;
  };
  struct Lane {
    psw_lane abi;
    std::deque<Item> inbox, taken;
  };
  struct Watch {
    std::uint32_t lane;
    int fd, events;
    std::uint64_t token;
  };

  static std::string complaint_of(const psw_error& e) { return std::string(e.key) + (e.key[0] != '\0' ? ": " : "") + (e.text[0] != '\0' ? e.text : "failed"); }
  static FakeHost& from(void* ctx) noexcept { return *static_cast<FakeHost*>(ctx); }

  static std::uint32_t group_of(std::int32_t kind) noexcept {
    switch (kind) {
      case PSW_OP_WRITE:
      case PSW_OP_LEASE_DUE: return PSW_GROUP_WRITE;
      case PSW_OP_READ: return PSW_GROUP_READ;
      case PSW_OP_LOGIN_BEGIN:
      case PSW_OP_LOGIN_FINISH: return PSW_GROUP_LOGIN;
      case PSW_OP_COMMAND: return PSW_GROUP_COMMAND;
      case PSW_OP_HELLO: return PSW_GROUP_GATEWAY | PSW_GROUP_READ;
      default: return PSW_GROUP_GATEWAY;
    }
  }
  std::uint32_t lane_of(std::uint32_t group) const noexcept {
    for (std::uint32_t l = 0; l != lanes_.size(); ++l) {
      if ((lanes_[l].abi.groups & group) != 0) return l;
    }
    return 0;
  }
  void push(std::uint32_t lane, std::int32_t kind, std::uint64_t token, const void* body, Item item) {
    if (lane >= lanes_.size()) return;
    item.event = psw_event{sizeof(psw_event), kind, token, body};
    lanes_[lane].inbox.push_back(std::move(item));
  }
  void push_reply(std::uint32_t lane, std::uint64_t token, const psw_reply& r, BodyKind body, RowKind row_kind) {
    Item item;
    item.reply = std::make_unique<OwnedReply>(r, body, row_kind);
    const void* body_of = &item.reply->reply;
    push(lane, PSW_EV_DONE, token, body_of, std::move(item));
  }
  Inbound::Done done_on(std::uint32_t lane, std::uint64_t token, BodyKind body, RowKind row_kind = RowKind::none) {
    return [this, lane, token, body, row_kind](const psw_reply& r) { push_reply(lane, token, r, body, row_kind); };
  }
  void fire_due() {
    while (!timers_.empty() && timers_.begin()->first <= clock_.now_ns()) {
      auto fire = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      fire();
    }
    for (std::size_t i = 0; i != watches_.size();) {
      const Watch w = watches_[i];
      pollfd p{w.fd, static_cast<short>(((w.events & PSW_FD_READ) != 0 ? POLLIN : 0) | ((w.events & PSW_FD_WRITE) != 0 ? POLLOUT : 0)), 0};
      if (::poll(&p, 1, 0) <= 0) {
        ++i;
        continue;
      }
      watches_.erase(watches_.begin() + static_cast<std::ptrdiff_t>(i));
      Item item;
      item.fd = std::make_unique<psw_fd>();
      *item.fd = psw_fd{sizeof(psw_fd), w.fd, ((p.revents & POLLIN) != 0 ? PSW_FD_READ : 0) | ((p.revents & POLLOUT) != 0 ? PSW_FD_WRITE : 0) | ((p.revents & (POLLERR | POLLHUP)) != 0 ? PSW_FD_ERROR : 0), 0};
      const void* body = item.fd.get();
      push(w.lane, PSW_EV_FD, w.token, body, std::move(item));
    }
  }

  // ---- psw_host ----
  static std::uint32_t take(void* ctx, std::uint32_t lane, const psw_event** out, std::uint32_t max, std::uint64_t) noexcept {
    Lane& l = from(ctx).lanes_[lane];
    l.taken.clear();
    std::uint32_t n = 0;
    while (n != max && !l.inbox.empty()) {
      l.taken.push_back(std::move(l.inbox.front()));
      l.inbox.pop_front();
      if (l.taken.back().op != nullptr) {  // an op lives until its reply, not until the next take
        FakeHost& h = from(ctx);
        const psw_handle handle = l.taken.back().op->handle;
        h.ops_[handle] = std::move(l.taken.back().op);
      }
      out[n++] = &l.taken.back().event;
    }
    return n;
  }
  static void complete(void* ctx, const psw_reply* const* replies, std::uint32_t n) noexcept {
    FakeHost& h = from(ctx);
    ++h.batches;
    for (std::uint32_t i = 0; i != n; ++i) {
      const auto at = h.open_.find(replies[i]->handle);
      if (at == h.open_.end()) {
        ++h.stray_replies;
        continue;
      }
      const OnReply on_reply = std::move(at->second);
      h.open_.erase(at);
      on_reply(*replies[i]);
      h.ops_.erase(replies[i]->handle);
    }
  }
  static void ready(void* ctx, std::int32_t state, psw_str text) noexcept {
    from(ctx).state = state;
    from(ctx).state_text = view(text);
  }
  static const void* service(void* ctx, const char* id, std::uint32_t min_rev) noexcept {
    FakeHost& h = from(ctx);
    const std::string_view name = id;
    if (min_rev > 1) return nullptr;
    if (name == PSW_SERVICE_EXECUTOR) return &h.executor_;
    if (name == PSW_SERVICE_HTTP_CLIENT || name == PSW_SERVICE_HTTP_ROUTES) return &h.http_;
    if (name == PSW_SERVICE_INBOUND) return &h.inbound_;
    if (name == PSW_SERVICE_KV) return &h.store_;
    if (name == PSW_SERVICE_KEYS) return &h.keys_;
    if (name == PSW_SERVICE_SECRETS) return &h.secrets_;
    if (name == PSW_SERVICE_METRICS) return &h.metrics_;
    if (name == PSW_SERVICE_TRACE) return &h.trace_;
    return nullptr;
  }
  static std::int32_t log(void* ctx, std::int32_t level, psw_str id, psw_list fields) noexcept {
    LogLine line{level, std::string(view(id)), {}};
    for (const psw_field& f : rows<psw_field>(fields)) line.fields.emplace_back(view(f.key), view(f.value));
    from(ctx).logs.push_back(std::move(line));
    return 1;
  }
  std::uint64_t next_random() noexcept {  // splitmix64
    random_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = random_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  void fill_tables();

  void push_http(std::uint32_t lane, std::uint64_t token, const HttpReply& answer) {
    std::vector<psw_header> headers;
    for (const auto& [name, value] : answer.headers) headers.push_back({str(name), str(value)});
    psw_http out{};
    out.size = sizeof out;
    out.phase = answer.phase;
    out.status = answer.status;
    out.body = str(answer.body);
    out.headers = list_of(headers.data(), headers.size());
    Item item;
    item.http = std::make_unique<OwnedHttp>(out);
    const void* body = &item.http->http;
    push(lane, PSW_EV_DONE, token, body, std::move(item));
  }

  ManualClock& clock_;
  std::uint64_t random_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // what is still on its way holds it weakly
  FakeConfig config_;
  const psw_instance* instance_ = nullptr;
  bool configured_ = false, stopped_ = false;
  std::deque<Lane> lanes_;
  std::map<psw_handle, OnReply> open_;
  std::map<psw_handle, std::unique_ptr<psw_op>> ops_;
  std::uint64_t next_handle_ = 1;
  std::multimap<std::uint64_t, std::function<void()>> timers_;
  std::vector<Watch> watches_;
  psw_host host_{};
  psw_executor_1 executor_{};
  psw_http_1 http_{};
  psw_inbound_1 inbound_{};
  psw_store_1 store_{};
  psw_keys_1 keys_{};
  psw_secrets_1 secrets_{};
  psw_metrics_1 metrics_{};
  psw_trace_1 trace_{};
};

}  // namespace payswitch::testing

#include <payswitch/testing/fake_services.h>

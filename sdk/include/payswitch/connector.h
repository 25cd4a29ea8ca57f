// connector<D>: the life of one instance, the events of its lane and the services it may use. gateway<D> and login<D> add the
// operations of their role. D is a plain struct; what it can do follows from which members it has:
//   static constexpr auto schema = payswitch::schema(…);       options
//   static constexpr auto messages, commands;                  log ids, tools
//   static constexpr std::string_view type_id = "…", doc = "…"; `plugin = "…"` of the configuration; default: the name given to PSW_PLUGIN
//   static constexpr payswitch::lane_style lane = payswitch::blocking(4);
//   void configure(const config&);                             judge and declare, no I/O; throws option_error
//   void start();                                              once; says ready(...) itself if the connector is not usable at once
//   void reconfigure(const config&);                           RELOADABLE keys changed
//   void abandon(psw_handle);                                  a hint: nobody waits for this operation any more; it is answered all the same
//   void drain();                                              stop taking work from the bank
//   void stop();
//   task<http_answer> http(const http_in&);                    requests of the routes it asked for
//   command_reply command(const command_op&);                  or task<command_reply>
#pragma once

#include <payswitch/config.h>
#include <payswitch/reply.h>
#include <payswitch/schema.h>
#include <payswitch/services.h>

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace payswitch {

struct lane_style {
  std::int32_t mode = PSW_LANE_SHARED;
  std::uint32_t threads = 1;
  std::uint32_t inbox_max = 1024;
};
constexpr lane_style shared(std::uint32_t inbox_max = 1024) noexcept { return {PSW_LANE_SHARED, 1, inbox_max}; }
constexpr lane_style loop(std::uint32_t inbox_max = 1024) noexcept { return {PSW_LANE_LOOP, 1, inbox_max}; }
// Members return their replies plainly and may block; `threads` of them run at once, on one object: guard what they share.
constexpr lane_style blocking(std::uint32_t threads, std::uint32_t inbox_max = 1024) noexcept { return {PSW_LANE_BLOCKING, threads, inbox_max}; }

class http_in {
 public:
  explicit http_in(const psw_http& r) : handle(r.handle), method(view(r.method)), target(view(r.target)), authority(view(r.authority)),
        body(view(r.body)), peer_spki(view(r.peer_spki)), remote(view(r.remote)) {
    for (const psw_header& h : rows<psw_header>(r.headers)) headers.emplace_back(view(h.name), view(h.value));
  }
  psw_handle handle;
  std::string method, target, authority, body, peer_spki, remote;
  std::vector<header> headers;
};
class http_answer {
 public:
  explicit http_answer(int s, std::string_view b = "") : status(s), body(b) {}
  int status;
  std::string body;
  std::vector<header> headers;
};

namespace detail {
template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<task<T>> = true;

// Runs something of the author's that may throw; the psw_error tells the operator.
template <class F>
std::int32_t fenced(psw_error* error, F&& body) noexcept {
  const auto put = [error](const char* key, const char* text) {
    if (error == nullptr || error->size < sizeof(psw_error)) return;
    error->code = PSW_INVALID;
    std::snprintf(error->key, sizeof error->key, "%s", key);
    std::snprintf(error->text, sizeof error->text, "%s", text);
  };
  try {
    body();
    return PSW_OK;
  } catch (const option_error& e) {
    put(e.key().c_str(), e.what());
  } catch (const std::exception& e) {
    put("", e.what());
  } catch (...) {
    put("", "unknown exception");
  }
  return PSW_INVALID;
}
}  // namespace detail

// Where one coroutine waits for a value that another one brings (a message that came by itself, a result from a topic). One waiter.
template <class T>
class slot {
 public:
  slot() noexcept {}
  slot(const slot&) = delete;
  slot& operator=(const slot&) = delete;
  // Wakes the waiter before it returns. A second value before the first was taken replaces it.
  void set(T value) {
    value_.emplace(std::move(value));
    if (detail::waiter* w = std::exchange(waiting_, nullptr)) {
      w->event = nullptr;
      w->coroutine.resume();
    }
  }

 private:
  template <class>
  friend class slot_wait;
  std::optional<T> value_;
  detail::waiter* waiting_ = nullptr;
};

// co_await of it: the value, or nothing when at_ns comes first. The slot must outlive the wait.
template <class T>
class slot_wait : public detail::service_wait {
 public:
  slot_wait(detail::core& c, slot<T>& s, std::uint64_t at_ns) noexcept : service_wait(c), slot_(&s), at_ns_(at_ns) {}
  ~slot_wait() {
    if (slot_->waiting_ == this) slot_->waiting_ = nullptr;
  }
  bool await_ready() const noexcept { return slot_->value_.has_value(); }
  bool await_suspend(std::coroutine_handle<> h) {
    const std::uint64_t token = arm(h);
    slot_->waiting_ = this;
    const bool waits = suspended(core_->executor()->timer(core_->host().ctx, 0, at_ns_, token));
    if (!waits) slot_->waiting_ = nullptr;
    return waits;
  }
  std::optional<T> await_resume() {
    if (slot_->waiting_ == this) slot_->waiting_ = nullptr;
    return std::exchange(slot_->value_, std::nullopt);
  }

 private:
  slot<T>* slot_;
  std::uint64_t at_ns_;
};

template <class D>
class connector {
 public:
  connector(const connector&) = delete;
  connector& operator=(const connector&) = delete;

  // ---- what the author calls; all on the lane unless said otherwise ----
  const std::string& name() const noexcept { return core_->name(); }
  std::uint64_t now_ns() const noexcept { return core_->now_ns(); }   // [any]
  std::int64_t wall_ms() const noexcept { return core_->wall_ms(); }  // [any]
  std::uint64_t random() const noexcept {                             // [any]
    std::uint64_t out = 0;
    const psw_executor_1* e = core_->executor();
    if (e != nullptr && PSW_HAS(e, psw_executor_1, random)) e->random(core_->host().ctx, &out, sizeof out);
    return out;
  }
  void ready(std::int32_t state, std::string_view why = "") noexcept { core_->ready(state, why); }  // [any] PSW_READY_*
  void log(std::int32_t level, std::string_view id, std::initializer_list<psw_field> fields = {}) const noexcept { core_->log(level, id, fields); }  // [any]

  detail::sleep_wait sleep(std::chrono::nanoseconds time) noexcept { return {*core_, core_->now_ns() + static_cast<std::uint64_t>(time.count())}; }
  detail::sleep_wait sleep_until(std::uint64_t at_ns) noexcept { return {*core_, at_ns}; }
  detail::fd_wait watch(int fd, int events) noexcept { return {*core_, fd, events}; }
  template <class T>
  slot_wait<T> wait(slot<T>& s, std::uint64_t at_ns) noexcept { return {*core_, s, at_ns}; }
  detail::http_wait request(http_request r) { return {*core_, std::move(r)}; }
  detail::inbound_wait inbound_credit(credit_in c) { return {*core_, &psw_inbound_1::credit, std::move(c)}; }
  detail::inbound_wait inbound_cancel(credit_in c) { return {*core_, &psw_inbound_1::cancel, std::move(c)}; }
  detail::inbound_wait inbound_query(credit_in c) { return {*core_, &psw_inbound_1::query, std::move(c)}; }
  detail::report_wait report(decision d) { return {*core_, std::move(d)}; }
  detail::list_wait inbound_list(std::string_view after, std::uint32_t limit) { return {*core_, after, limit}; }
  detail::lookup_wait inbound_lookup(std::string_view account, std::string_view currency) { return {*core_, account, currency}; }
  detail::hello_wait inbound_hello(const psw_history& theirs) noexcept { return {*core_, theirs}; }
  detail::kv_get_wait kv_get(std::string_view key) { return {*core_, key}; }
  detail::kv_scan_wait kv_scan(std::string_view prefix, std::string_view after = "", std::uint32_t limit = 100) { return {*core_, prefix, after, limit}; }
  detail::kv_put_wait kv_put(std::vector<kv_row> all) { return {*core_, std::move(all)}; }
  detail::sign_wait sign(std::vector<std::string> messages) { return {*core_, std::move(messages)}; }
  detail::verify_wait verify(std::vector<psw_to_verify> items) { return {*core_, std::move(items)}; }

  // [control] in configure: requests to these paths come to http().
  void route(std::string_view listener, std::string_view method, std::string_view path) {
    psw_error error{};
    error.size = sizeof error;
    if (core_->routes() == nullptr) throw option_error("", "this host offers no HTTP routes");
    if (core_->routes()->route(core_->host().ctx, 0, str(listener), str(method), str(path), &error) != PSW_OK) throw option_error("", error.text);
  }
  // [control] in configure. A metric's number; the host adds connector="NAME".
  std::uint32_t metric(std::int32_t kind, std::string_view metric_name, std::string_view help) {
    psw_metric m{};
    m.size = sizeof m;
    m.kind = kind;
    m.name = str(metric_name);
    m.help = str(help);
    std::uint32_t out = 0;
    psw_error error{};
    error.size = sizeof error;
    if (core_->metrics() == nullptr || core_->metrics()->declare(core_->host().ctx, &m, &out, &error) != PSW_OK) throw option_error("", "cannot declare metric " + std::string(metric_name));
    return out;
  }
  void add(std::uint32_t metric_number, std::int64_t n = 1) noexcept { core_->metrics()->add(core_->host().ctx, metric_number, n); }  // [any]
  void set(std::uint32_t metric_number, std::int64_t n) noexcept { core_->metrics()->set(core_->host().ctx, metric_number, n); }      // [any]
  // [control] A named credential; good until the instance is destroyed. Throws when there is none.
  std::string_view secret(std::string_view credential) {
    psw_str out{};
    psw_error error{};
    error.size = sizeof error;
    if (core_->secrets() == nullptr || core_->secrets()->read(core_->host().ctx, str(credential), &out, &error) != PSW_OK) throw option_error("", "no credential " + std::string(credential));
    return view(out);
  }
  // [any] One finished step of an operation, for a tracing back end.
  void span(const operation& op, std::string_view step, std::uint64_t start_ns) noexcept {
    const psw_trace_1* t = core_->trace();
    if (t == nullptr) return;
    psw_span s{};
    s.size = sizeof s;
    s.trace_id = op.trace_id();
    s.parent_id = op.span_id();
    s.span_id = t->new_span(core_->host().ctx);
    s.start_ns = start_ns;
    s.end_ns = core_->now_ns();
    s.name = str(step);
    t->end_span(core_->host().ctx, &s);
  }
  // A job of its own: it goes on beside operations and ends with the instance. What it throws is logged by nobody: catch inside.
  void spawn(task<void> job) { core_->jobs.start(run_job(std::move(job))); }

  // ---- what the border calls ----
  static const psw_instance* create(const psw_host* host, psw_str name, psw_error* error) noexcept {
    const psw_instance* out = nullptr;
    detail::fenced(error, [&] {
      auto made = std::make_unique<D>();
      static_cast<connector&>(*made).core_ = std::make_unique<detail::core>(host, view(name));
      made->instance_ = psw_instance{sizeof(psw_instance), 0, made.get(), &configure_entry, &start_entry, &turn_entry, nullptr, &stop_entry, &destroy_entry, nullptr};
      out = &made.release()->instance_;
    });
    return out;
  }

 protected:
  connector() = default;
  ~connector() = default;
  detail::core& core() const noexcept { return *core_; }

  static constexpr lane_style style() noexcept {
    if constexpr (requires { D::lane; }) return D::lane; else return shared();
  }
  static constexpr bool blocks = style().mode == PSW_LANE_BLOCKING;

  // Runs a member for one operation and answers it, whatever happens: the fallback is Reply::unknown.
  template <class Op, auto Member>
  void run(const psw_op& op) {
    using Result = decltype((std::declval<D&>().*Member)(std::declval<const Op&>()));
    if constexpr (detail::is_task<Result>) {
      static_assert(!blocks, "in a blocking lane members return their reply plainly");
      core_->jobs.start(run_task<Op, Member>(&op));
    } else {
      const Op o(op);
      ++core_->running;
      std::optional<Result> reply;
      try {
        reply.emplace((self().*Member)(o));
      } catch (const std::exception& e) {
        reply.emplace(Result::unknown("exception", e.what()));
      } catch (...) {
        reply.emplace(Result::unknown("exception"));
      }
      deliver_reply(detail::own(op.handle, std::move(*reply)));
    }
  }
  void not_supported(const psw_op& op) noexcept {
    ++core_->running;
    deliver_reply(detail::bare(op.handle, PSW_NOT_SUPPORTED));
  }

 private:
  D& self() noexcept { return static_cast<D&>(*this); }

  // Answers when it ends; if it is destroyed before, as unknown.
  class open_op {
   public:
    open_op(detail::core& c, psw_handle handle) noexcept : core_(&c), handle_(handle) { ++core_->running; }
    open_op(const open_op&) = delete;
    open_op& operator=(const open_op&) = delete;
    ~open_op() {
      if (core_ == nullptr) return;
      --core_->running;
      core_->reply(detail::bare(handle_, PSW_UNAVAILABLE));
    }
    void finish(detail::owned_reply r) {
      detail::core* c = std::exchange(core_, nullptr);
      --c->running;
      c->reply(std::move(r));
    }

   private:
    detail::core* core_;
    psw_handle handle_;
  };

  template <class Op, auto Member>
  detail::root run_task(const psw_op* op) {
    open_op open(*core_, op->handle);
    const Op o(*op);
    using Reply = decltype((self().*Member)(o).await_resume());
    std::optional<Reply> reply;
    try {
      auto work = (self().*Member)(o);
      reply.emplace(co_await work);
    } catch (const std::exception& e) {
      reply.emplace(Reply::unknown("exception", e.what()));
    } catch (...) {
      reply.emplace(Reply::unknown("exception"));
    }
    open.finish(detail::own(o.handle(), std::move(*reply)));
  }
  detail::root run_job(task<void> job) {
    try {
      co_await job;
    } catch (...) {
    }
  }
  void deliver_reply(detail::owned_reply r) {
    --core_->running;
    if constexpr (blocks) {
      const psw_reply* one = &r.abi;
      core_->host().complete(core_->host().ctx, &one, 1);
    } else {
      core_->reply(std::move(r));
    }
  }

  class open_request {
   public:
    open_request(detail::core& c, psw_handle handle) noexcept : core_(c), handle_(handle) { ++core_.running; }
    open_request(const open_request&) = delete;
    open_request& operator=(const open_request&) = delete;
    ~open_request() {
      --core_.running;
      if (!done_) send(503, {}, {});
    }
    void send(int status, std::string_view body, const std::vector<header>& headers) noexcept {
      done_ = true;
      std::vector<psw_header> out_headers;
      for (const header& h : headers) out_headers.push_back({str(h.name), str(h.value)});
      psw_http out{};
      out.size = sizeof out;
      out.handle = handle_;
      out.status = status;
      out.body = str(body);
      out.headers = list_of(out_headers.data(), out_headers.size());
      core_.routes()->respond(core_.host().ctx, &out);
    }

   private:
    detail::core& core_;
    psw_handle handle_;
    bool done_ = false;
  };
  detail::root run_http(http_in in) {
    open_request open(*core_, in.handle);
    std::optional<http_answer> out;
    try {
      auto work = self().http(in);
      out.emplace(co_await work);
    } catch (...) {
      out.emplace(500);
    }
    open.send(out->status, out->body, out->headers);
  }

  void handle(const psw_event& event) {
    switch (event.kind) {
      case PSW_EV_OP: self().on_operation(*static_cast<const psw_op*>(event.body)); break;
      case PSW_EV_DONE:
      case PSW_EV_TIMER:
      case PSW_EV_FD: core_->deliver(event); break;
      case PSW_EV_HTTP:
        if constexpr (requires(D& d, const http_in& in) { d.http(in); }) {
          core_->jobs.start(run_http(http_in(sized_copy(static_cast<const psw_http*>(event.body)))));
        } else {
          open_request(*core_, static_cast<const psw_http*>(event.body)->handle).send(404, {}, {});
        }
        break;
      case PSW_EV_ABANDON:
        if constexpr (requires(D& d) { d.abandon(psw_handle{}); }) self().abandon(event.token);
        break;
      case PSW_EV_CONFIG:
        if constexpr (requires(D& d, const config& c) { d.reconfigure(c); }) self().reconfigure(config(&core_->host(), static_cast<const psw_config*>(event.body)));
        break;
      case PSW_EV_DRAIN:
        core_->draining = true;
        if constexpr (requires(D& d) { d.drain(); }) self().drain();
        break;
      default: break;  // R5: an event from a newer host
    }
  }

  std::int64_t turn(std::uint32_t lane, std::uint64_t max_wait_ns) {
    constexpr std::uint32_t batch_max = blocks ? 1 : 64;
    const psw_event* events[batch_max];
    const std::uint32_t n = core_->host().take(core_->host().ctx, lane, events, batch_max, max_wait_ns);
    for (std::uint32_t i = 0; i != n; ++i) {
      try {
        handle(*events[i]);
      } catch (...) {  // one bad event does not take its neighbours along; an op that was not answered is the host's timeout
        core_->log(PSW_LOG_ERROR, "PSW-SDK-001", {});
      }
    }
    if constexpr (!blocks) core_->flush();
    if (core_->draining && core_->running == 0 && !drained_.exchange(true)) core_->ready(PSW_READY_DRAINED, "");
    return -1;
  }

  static D& from(void* p) noexcept { return *static_cast<D*>(p); }
  static std::int32_t configure_entry(void* p, const psw_config* values, psw_error* error) {
    return detail::fenced(error, [&] {
      from(p).core_->find_services();
      if constexpr (requires(D& d, const config& c) { d.configure(c); }) from(p).configure(config(&from(p).core_->host(), values));
    });
  }
  static std::int32_t start_entry(void* p, psw_error* error) {
    return detail::fenced(error, [&] {
      if constexpr (requires(D& d) { d.start(); }) from(p).start();
      if (!from(p).core_->told()) from(p).core_->ready(PSW_READY_UP, "");
    });
  }
  static std::int64_t turn_entry(void* p, std::uint32_t lane, std::uint64_t max_wait_ns) { return static_cast<connector&>(from(p)).turn(lane, max_wait_ns); }
  static void stop_entry(void* p) {
    detail::fenced(nullptr, [&] {
      if constexpr (requires(D& d) { d.stop(); }) from(p).stop();
      from(p).core_->jobs.clear();
      from(p).core_->flush();
    });
  }
  static void destroy_entry(void* p) {
    stop_jobs(from(p));
    delete &from(p);
  }
  static void stop_jobs(connector& c) noexcept {
    c.core_->jobs.clear();  // what is still open answers unknown
    c.core_->flush();
  }

  std::unique_ptr<detail::core> core_;
  psw_instance instance_{};
  std::atomic<bool> drained_{false};
};

}  // namespace payswitch

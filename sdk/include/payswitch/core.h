// What every connector of the C++ layer stands on: the host's functions, the tokens that bring a service's answer back to the
// coroutine that asked, and the replies collected during a turn. One lane, one thread at a time: nothing here is locked.
#pragma once

#include <payswitch/abi.h>
#include <payswitch/str.h>
#include <payswitch/task.h>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace payswitch::detail {

// Somebody who waits for one event. The event is good until resume() returns.
struct waiter {
  std::coroutine_handle<> coroutine;
  const psw_event* event = nullptr;  // nullptr after resume: the call could not be made
};

// An answer on its way: the psw_reply and, by shared ownership of the holder, everything it points to.
struct owned_reply {
  psw_reply abi{};
  std::unique_ptr<void, void (*)(void*)> holder{nullptr, [](void*) {}};
};

class core {
 public:
  core(const psw_host* host, std::string_view name) : host_(host), name_(name) {}
  core(const core&) = delete;
  core& operator=(const core&) = delete;

  const psw_host& host() const noexcept { return *host_; }
  const std::string& name() const noexcept { return name_; }

  void find_services() noexcept {
    executor_ = static_cast<const psw_executor_1*>(find(PSW_SERVICE_EXECUTOR));
    http_ = static_cast<const psw_http_1*>(find(PSW_SERVICE_HTTP_CLIENT));
    routes_ = static_cast<const psw_http_1*>(find(PSW_SERVICE_HTTP_ROUTES));
    inbound_ = static_cast<const psw_inbound_1*>(find(PSW_SERVICE_INBOUND));
    kv_ = static_cast<const psw_store_1*>(find(PSW_SERVICE_KV));
    keys_ = static_cast<const psw_keys_1*>(find(PSW_SERVICE_KEYS));
    secrets_ = static_cast<const psw_secrets_1*>(find(PSW_SERVICE_SECRETS));
    metrics_ = static_cast<const psw_metrics_1*>(find(PSW_SERVICE_METRICS));
    trace_ = static_cast<const psw_trace_1*>(find(PSW_SERVICE_TRACE));
  }
  const psw_executor_1* executor() const noexcept { return executor_; }
  const psw_http_1* http() const noexcept { return http_; }
  const psw_http_1* routes() const noexcept { return routes_; }
  const psw_inbound_1* inbound() const noexcept { return inbound_; }
  const psw_store_1* kv() const noexcept { return kv_; }
  const psw_keys_1* keys() const noexcept { return keys_; }
  const psw_secrets_1* secrets() const noexcept { return secrets_; }
  const psw_metrics_1* metrics() const noexcept { return metrics_; }
  const psw_trace_1* trace() const noexcept { return trace_; }

  std::uint64_t now_ns() const noexcept { return executor_ == nullptr ? 0 : executor_->now_ns(host_->ctx); }
  std::int64_t wall_ms() const noexcept { return executor_ == nullptr ? 0 : executor_->wall_ms(host_->ctx); }

  // A token for one answer. Forgotten tokens are harmless: a late event for one is skipped.
  std::uint64_t expect(waiter* w) {
    std::uint32_t index = 0;
    if (!free_.empty()) {
      index = free_.back();
      free_.pop_back();
    } else {
      index = static_cast<std::uint32_t>(slots_.size());
      slots_.emplace_back();
      free_.reserve(slots_.size());  // forget() must not allocate
    }
    slots_[index].who = w;
    return std::uint64_t{slots_[index].generation} << 32 | (index + 1);
  }
  void forget(std::uint64_t token) noexcept {
    const auto index = static_cast<std::uint32_t>(token) - 1;
    if (token == 0 || index >= slots_.size() || slots_[index].generation != token >> 32) return;
    ++slots_[index].generation;
    slots_[index].who = nullptr;
    free_.push_back(index);
  }
  void deliver(const psw_event& event) noexcept {
    const auto index = static_cast<std::uint32_t>(event.token) - 1;
    if (event.token == 0 || index >= slots_.size() || slots_[index].generation != event.token >> 32) return;
    waiter* who = slots_[index].who;
    forget(event.token);
    who->event = &event;
    who->coroutine.resume();
  }

  void reply(owned_reply r) { outbox_.push_back(std::move(r)); }
  // Ends a batch: one complete() for all replies of the turn.
  void flush() noexcept {
    while (!outbox_.empty()) {
      std::vector<owned_reply> batch;
      batch.swap(outbox_);
      std::vector<const psw_reply*> pointers;
      pointers.reserve(batch.size());
      for (const owned_reply& r : batch) pointers.push_back(&r.abi);
      host_->complete(host_->ctx, pointers.data(), static_cast<std::uint32_t>(pointers.size()));
    }
  }

  void ready(std::int32_t state, std::string_view text) noexcept {
    told_ = true;
    host_->ready(host_->ctx, state, str(text));
  }
  bool told() const noexcept { return told_; }
  std::int32_t log(std::int32_t level, std::string_view id, std::initializer_list<psw_field> fields) const noexcept {
    return host_->log(host_->ctx, level, str(id), list_of(fields.begin(), fields.size()));
  }

  root_set jobs;
  std::atomic<std::uint32_t> running{0};  // operations and requests not answered yet: what DRAIN waits for
  std::atomic<bool> draining{false};

 private:
  struct slot {
    std::uint32_t generation = 1;
    waiter* who = nullptr;
  };
  const void* find(const char* id) const noexcept { return host_->service(host_->ctx, id, 1); }

  const psw_host* host_;
  std::string name_;
  const psw_executor_1* executor_ = nullptr;
  const psw_http_1 *http_ = nullptr, *routes_ = nullptr;
  const psw_inbound_1* inbound_ = nullptr;
  const psw_store_1* kv_ = nullptr;
  const psw_keys_1* keys_ = nullptr;
  const psw_secrets_1* secrets_ = nullptr;
  const psw_metrics_1* metrics_ = nullptr;
  const psw_trace_1* trace_ = nullptr;
  std::vector<slot> slots_;
  std::vector<std::uint32_t> free_;
  std::vector<owned_reply> outbox_;
  bool told_ = false;
};

// Base of the awaitables: makes the call when the coroutine is suspended, gives the token back when it is destroyed early.
class service_wait : protected waiter {
 public:
  explicit service_wait(core& c) noexcept : core_(&c) {}
  service_wait(const service_wait&) = delete;
  service_wait& operator=(const service_wait&) = delete;
  ~service_wait() { core_->forget(token_); }
  bool await_ready() const noexcept { return false; }

 protected:
  // `code` is what the service function answered: not 0 = no event will come, go on at once.
  bool suspended(std::int32_t code) noexcept {
    refused_ = code;
    if (code == 0) return true;
    core_->forget(token_);
    token_ = 0;
    return false;
  }
  std::uint64_t arm(std::coroutine_handle<> h) {
    coroutine = h;
    token_ = core_->expect(this);
    return token_;
  }
  core* core_;
  std::uint64_t token_ = 0;
  std::int32_t refused_ = 0;
};

}  // namespace payswitch::detail

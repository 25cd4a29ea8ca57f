// Services that plugins ask for while they are created, before the ledger that carries them is there: until then they say so.
#pragma once

#include <atomic>

#include "plugin_host/services.h"

namespace payswitch::daemon::app {

class LateKvStore final : public plugin_host::KvStore {
 public:
  void connect(plugin_host::KvStore* target) noexcept { target_.store(target, std::memory_order_release); }

  void get(unsigned loop, psw_str key, plugin_host::KvDone done) noexcept override {
    if (auto* target = target_.load(std::memory_order_acquire)) return target->get(loop, key, done);
    done.function(done.context, PSW_UNAVAILABLE, {});
  }
  void scan(unsigned loop, psw_str prefix, psw_str after, std::uint32_t limit, plugin_host::KvDone done) noexcept override {
    if (auto* target = target_.load(std::memory_order_acquire)) return target->scan(loop, prefix, after, limit, done);
    done.function(done.context, PSW_UNAVAILABLE, {});
  }
  void put(unsigned loop, psw_list kvs, plugin_host::KvDone done) noexcept override {
    if (auto* target = target_.load(std::memory_order_acquire)) return target->put(loop, kvs, done);
    done.function(done.context, PSW_UNAVAILABLE, {});
  }

 private:
  std::atomic<plugin_host::KvStore*> target_{nullptr};
};

class LateInbound final : public plugin_host::InboundSink {
 public:
  void connect(plugin_host::InboundSink* target) noexcept { target_.store(target, std::memory_order_release); }

  void deliver(unsigned loop, plugin_host::InboundCall& call) noexcept override {
    if (auto* target = target_.load(std::memory_order_acquire)) return target->deliver(loop, call);
    psw_reply reply{};
    reply.size = sizeof reply;
    reply.code = PSW_UNAVAILABLE;
    reply.failed = -1;
    call.answer(reply);
  }

 private:
  std::atomic<plugin_host::InboundSink*> target_{nullptr};
};

class LateBanks final : public plugin_host::BankObserver {
 public:
  void connect(plugin_host::BankObserver* target) noexcept { target_.store(target, std::memory_order_release); }

  void bank_alive(unsigned loop, std::string_view bank) noexcept override {
    if (auto* target = target_.load(std::memory_order_acquire)) target->bank_alive(loop, bank);
  }

 private:
  std::atomic<plugin_host::BankObserver*> target_{nullptr};
};

}  // namespace payswitch::daemon::app

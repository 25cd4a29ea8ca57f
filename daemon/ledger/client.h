// Typed calls over the ledger contract. One client per loop; no thread of its own, no state but the last clock the ledger told.
//
// A completion is a member function of the caller's object: client.write<&Thing::written>(write, step, thing). It runs on the loop,
// exactly once, later for writes; a read may be answered from inside the call (the plugin's try_read).
#pragma once

#include <payswitch/abi.h>
#include <payswitch/outcome.h>
#include <payswitch/paging.h>
#include <payswitch/str.h>

#include <cstdint>
#include <new>
#include <string_view>

#include "base/clock.h"
#include "ledger/entry_builder.h"
#include "plugin_host/participant.h"

namespace payswitch::daemon::ledger {

// What became of an entry.
enum class Written : std::uint8_t {
  applied,      // durable
  refused,      // by a rule; if_refused is durable
  exists,       // a unique was seen before with this hash: uniques() are those
  key_reused,   // a unique was seen before with another hash: uniques() are those
  conflict,     // a version, lease, kv or epoch is not the one it was decided on; nothing written
  not_allowed,  // another guard or a missing account: reason() says which; nothing written
  not_taken,    // the ledger did not take it (full, down, read only); nothing written, the same may be tried later
  unknown,      // the answer of the commit was lost: only repeating the same step tells
  invalid,      // the entry itself is wrong: a bug of ours; nothing written
};

class WriteReply {
 public:
  explicit WriteReply(const psw_reply& reply) noexcept : reply_(reply) {}
  Written what() const noexcept;
  std::string_view reason() const noexcept { return view(reply_.reason); }
  std::string_view text() const noexcept { return view(reply_.text); }
  std::string_view position() const noexcept { return view(reply_.position); }
  Rows<psw_account> accounts() const noexcept { return Rows<psw_account>(reply_.rows); }
  Rows<psw_unique> uniques() const noexcept { return Rows<psw_unique>(reply_.rows); }
  std::int32_t failed() const noexcept { return reply_.failed; }
  const psw_history& at() const noexcept { return reply_.at; }
  std::int64_t clock_ms() const noexcept { return reply_.clock_ms; }
  std::uint32_t retry_after_ms() const noexcept { return reply_.retry_after_ms; }

 private:
  const psw_reply& reply_;
};

class ReadReply {
 public:
  explicit ReadReply(const psw_reply& reply) noexcept : reply_(reply) {}
  bool ok() const noexcept { return reply_.code == PSW_OK || reply_.code == PSW_ABSENT; }  // absent: no rows
  std::string_view reason() const noexcept { return view(reply_.reason); }
  std::string_view position() const noexcept { return view(reply_.position); }
  template <class Row>
  Rows<Row> rows() const noexcept { return Rows<Row>(reply_.code == PSW_OK ? reply_.rows : psw_list{}); }
  psw_list list() const noexcept { return reply_.code == PSW_OK ? reply_.rows : psw_list{}; }
  const psw_history& at() const noexcept { return reply_.at; }
  std::int64_t clock_ms() const noexcept { return reply_.clock_ms; }
  const void* body() const noexcept { return reply_.body; }
  std::int32_t code() const noexcept { return reply_.code; }
  // Is there another page behind this one? `limit` as asked for.
  bool goes_on(std::uint32_t limit) const noexcept { return page_goes_on(reply_, limit); }

 private:
  const psw_reply& reply_;
};

enum class ReadWhat : std::int32_t { accounts = 1, records = 2, postings = 3, events = 4, kv = 5, totals = 6, uniques = 7 };

// An entry being built; give it to write() or cancel().
struct Write {
  plugin_host::Call* call = nullptr;  // nullptr: the ledger's in-flight bound is reached, nothing may be built
  EntryBuilder entry;
  explicit operator bool() const noexcept { return call != nullptr; }
};

class Client {
 public:
  // Both outlive the client. Writes and reads of a person are answered `unknown` after these times by the host.
  Client(plugin_host::Participant& ledger, unsigned loop, const Clock& clock) noexcept : ledger_(ledger), loop_(loop), clock_(clock) {}

  Write begin() noexcept {
    auto* call = ledger_.acquire(loop_);
    return {call, EntryBuilder(call != nullptr ? call->arena() : *std::pmr::null_memory_resource())};
  }
  void cancel(Write& write) noexcept { ledger_.cancel(loop_, write.call); }

  // `object->Method(const WriteReply&)`.
  template <auto Method, class T>
  void write(Write& write, const psw_id& step_id, T* object) noexcept {
    submit(write.call, PSW_OP_WRITE, write.entry.finish(step_id),
           {[](void* context, const psw_reply& reply) { (static_cast<T*>(context)->*Method)(WriteReply(reply)); }, object});
  }

  // False: overloaded, nothing happens. `fill(psw_read&, EntryBuilder& keep)` sets the filter; texts go through keep.
  template <auto Method, class T, class Fill>
  bool read(ReadWhat what, T* object, Fill fill) noexcept {
    auto* call = ledger_.acquire(loop_);
    if (call == nullptr) return false;
    EntryBuilder keep(call->arena());
    psw_read& read = make_read(*call, static_cast<std::int32_t>(what));
    fill(read, keep);
    prepare(call, PSW_OP_READ, &read, {[](void* context, const psw_reply& reply) { (static_cast<T*>(context)->*Method)(ReadReply(reply)); }, object});
    if (!ledger_.try_read(loop_, call)) ledger_.submit(loop_, call);
    return true;
  }

  // Leases up to `limit` due records to `owner` for lease_ms. `fill` may name a bank or a later `to_ms`.
  template <auto Method, class T, class Fill>
  bool lease_due(std::string_view owner, std::uint64_t lease_ms, std::uint32_t limit, T* object, Fill fill) noexcept {
    auto* call = ledger_.acquire(loop_);
    if (call == nullptr) return false;
    EntryBuilder keep(call->arena());
    psw_read& read = make_read(*call, static_cast<std::int32_t>(ReadWhat::records));
    read.owner = keep.keep(owner);
    read.lease_ms = lease_ms;
    read.limit = limit;
    fill(read, keep);
    submit(call, PSW_OP_LEASE_DUE, &read, {[](void* context, const psw_reply& reply) { (static_cast<T*>(context)->*Method)(ReadReply(reply)); }, object});
    return true;
  }

  // The ledger's id, epoch, sequence and clock: reply.at(), reply.clock_ms(), body psw_hello.
  template <auto Method, class T>
  bool hello(T* object) noexcept {
    auto* call = ledger_.acquire(loop_);
    if (call == nullptr) return false;
    submit(call, PSW_OP_HELLO, nullptr, {[](void* context, const psw_reply& reply) { (static_cast<T*>(context)->*Method)(ReadReply(reply)); }, object});
    return true;
  }

  // The ledger's clock as last told, carried on by our monotonic one: for choosing due times and windows. What is decided by time is
  // decided in the ledger, by its clock.
  void saw_clock(std::int64_t clock_ms) noexcept {
    if (clock_ms <= 0) return;
    clock_ms_ = clock_ms;
    seen_ns_ = clock_.monotonic_ns();
  }
  std::int64_t clock_ms() const noexcept {
    if (clock_ms_ == 0) return clock_.wall_ms();
    return clock_ms_ + static_cast<std::int64_t>((clock_.monotonic_ns() - seen_ns_) / 1'000'000);
  }

  // Our ledger's id, epoch and highest position that any answer on this loop has told: what messages to other banks carry.
  void saw_history(const psw_history& at) noexcept {
    const bool other = at.epoch != history_.epoch || std::memcmp(at.ledger.b, history_.ledger.b, sizeof at.ledger.b) != 0;
    if (other ? at.epoch > history_.epoch || history_.position == 0 : at.position > history_.position) history_ = at;
  }
  const psw_history& history() const noexcept { return history_; }
  // Both, of any reply.
  template <class Reply>
  void saw(const Reply& reply) noexcept {
    saw_clock(reply.clock_ms());
    saw_history(reply.at());
  }

  plugin_host::Participant& ledger() noexcept { return ledger_; }
  unsigned loop() const noexcept { return loop_; }
  void set_call_deadline_ms(std::uint64_t ms) noexcept { call_ms_ = ms; }

 private:
  static psw_read& make_read(plugin_host::Call& call, std::int32_t what) {
    auto* read = new (call.arena().allocate(sizeof(psw_read), alignof(psw_read))) psw_read{};
    read->size = sizeof(psw_read);
    read->what = what;
    read->consistency = PSW_READ_STRONG;
    return *read;
  }
  void prepare(plugin_host::Call* call, std::int32_t kind, const void* body, plugin_host::Completion completion) noexcept {
    call->op.kind = kind;
    call->op.body = body;
    call->op.call_deadline_ns = clock_.monotonic_ns() + call_ms_ * 1'000'000;
    call->completion = completion;
  }
  void submit(plugin_host::Call* call, std::int32_t kind, const void* body, plugin_host::Completion completion) noexcept {
    prepare(call, kind, body, completion);
    ledger_.submit(loop_, call);
  }

  plugin_host::Participant& ledger_;
  unsigned loop_;
  const Clock& clock_;
  std::uint64_t call_ms_ = 10'000;
  std::int64_t clock_ms_ = 0;
  std::uint64_t seen_ns_ = 0;
  psw_history history_{};
};

}  // namespace payswitch::daemon::ledger

// ledger<D>: keeps accounts, records and kv, and applies entries whole or not at all. One lane, one thread, plain members:
//   ledger_reply write(const psw_entry&);      the entry was decided, made durable and published when this returns
//   ledger_reply lease_due(const psw_read&);
//   ledger_reply read(const psw_read&);
//   ledger_reply hello();
// A ledger that syncs once per batch, or answers reads on the caller's thread, writes its own turn() over abi.h instead.
#pragma once

#include <payswitch/connector.h>
#include <payswitch/plugin.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace payswitch {

// Owns its rows and the strings they point to. Copies are refused: rows hold addresses.
class ledger_reply {
 public:
  ledger_reply() noexcept {}
  ledger_reply(ledger_reply&&) noexcept = default;
  ledger_reply& operator=(ledger_reply&&) noexcept = default;
  ledger_reply(const ledger_reply&) = delete;
  ledger_reply& operator=(const ledger_reply&) = delete;

  static ledger_reply of(Code code, std::string_view why = "", std::int32_t failed_at = -1) {
    ledger_reply out;
    out.code = code;
    out.reason = why;
    out.failed = failed_at;
    return out;
  }
  // The commit may or may not have happened: the core asks again with the same step_id.
  static ledger_reply unknown(std::string_view why = "", std::string_view = "") { return of(Code::internal, why); }

  psw_str keep(psw_str s) { return keep(view(s)); }
  psw_str keep(std::string_view s) { return s.empty() ? psw_str{nullptr, 0} : str(strings_.emplace_back(s)); }
  template <class Row>
  void add(const Row& row) {  // rows of one kind
    static_assert(std::is_trivially_copyable_v<Row>);
    stride_ = sizeof(Row);
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof(Row));
    std::memcpy(bytes_.data() + at, &row, sizeof(Row));
  }
  psw_list rows() const noexcept {
    return stride_ == 0 ? psw_list{} : psw_list{bytes_.data(), static_cast<std::uint32_t>(bytes_.size() / stride_), stride_};
  }

  Code code = Code::ok;
  std::string reason, position;
  psw_history at{};
  std::int64_t clock_ms = 0;
  std::int32_t failed = -1;
  static detail::owned_reply owned(psw_handle handle, ledger_reply reply) {
    auto* holder = new ledger_reply(std::move(reply));
    detail::owned_reply out;
    out.holder = std::unique_ptr<void, void (*)(void*)>(holder, [](void* p) { delete static_cast<ledger_reply*>(p); });
    out.abi.size = sizeof out.abi;
    out.abi.handle = handle;
    out.abi.code = static_cast<std::int32_t>(holder->code);
    out.abi.reason = str(holder->reason);
    out.abi.position = str(holder->position);
    out.abi.rows = holder->rows();
    out.abi.at = holder->at;
    out.abi.clock_ms = holder->clock_ms;
    out.abi.failed = holder->failed;
    if (holder->hello.size != 0) out.abi.body = &holder->hello;
    return out;
  }

  psw_hello hello{};  // sent if its size is set; its list and strings are the sender's until complete() returned

 private:
  std::deque<std::string> strings_;
  std::vector<std::byte> bytes_;
  std::uint32_t stride_ = 0;
};
static_assert(!std::is_aggregate_v<ledger_reply>);

template <class D>
class ledger : public connector<D> {
 public:
  static constexpr std::int32_t role = PSW_TYPE_LEDGER;
  static constexpr std::array<psw_lane, 1> lanes = {psw_lane{connector<D>::style().mode, connector<D>::style().threads, connector<D>::style().inbox_max,
                                                             PSW_GROUP_WRITE | PSW_GROUP_READ | PSW_GROUP_COMMAND}};
  static constexpr std::uint64_t capabilities() noexcept { return 0; }

  void on_operation(const psw_op& op) {
    switch (op.kind) {
      case PSW_OP_WRITE: return this->template run<entry_op, &ledger::do_write>(op);
      case PSW_OP_READ: return this->template run<read_op, &ledger::do_read>(op);
      case PSW_OP_LEASE_DUE: return this->template run<read_op, &ledger::do_lease>(op);
      case PSW_OP_HELLO: return this->template run<hello_op, &ledger::do_hello>(op);
      case PSW_OP_COMMAND:
        if constexpr (requires(D& d, const command_op& o) { d.command(o); }) return this->template run<command_op, &D::command>(op);
        break;
      default: break;
    }
    this->not_supported(op);
  }

 private:
  class entry_op : public operation {
   public:
    explicit entry_op(const psw_op& op) noexcept : operation(op), entry(sized_copy(static_cast<const psw_entry*>(op.body))) {}
    psw_entry entry;
  };
  class read_op : public operation {
   public:
    explicit read_op(const psw_op& op) noexcept : operation(op), read(sized_copy(static_cast<const psw_read*>(op.body))) {}
    psw_read read;
  };
  D& self() noexcept { return static_cast<D&>(*this); }

 public:  // the border's, not the author's
  ledger_reply do_write(const entry_op& op) { return self().write(op.entry); }
  ledger_reply do_read(const read_op& op) { return self().read(op.read); }
  ledger_reply do_lease(const read_op& op) { return self().lease_due(op.read); }
  ledger_reply do_hello(const hello_op&) { return self().hello(); }
};

}  // namespace payswitch

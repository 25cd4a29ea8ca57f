// A transfer record with memory of its own: what a reply lent for the length of a call, kept until the next durable step.
#pragma once

#include <payswitch/abi.h>
#include <payswitch/record.h>
#include <payswitch/str.h>
#include <payswitch/transfer_state.h>

#include <array>
#include <cstddef>
#include <memory_resource>
#include <string_view>

#include "base/assert.h"
#include "ledger/entry_builder.h"
#include "transfer/commands.h"

namespace payswitch::daemon::transfer {

class OwnedRecord {
 public:
  psw_record row{};        // detail is not used here: `detail` below is
  TransferDetail detail;
  psw_id trace_id{};       // of the request that is being served; not stored, so recovery has none

  OwnedRecord() = default;
  OwnedRecord(const OwnedRecord&) = delete;
  OwnedRecord& operator=(const OwnedRecord&) = delete;

  void clear() noexcept {
    row = psw_record{};
    detail = TransferDetail{};
    trace_id = psw_id{};
    memory_.release();
  }
  // A copy of the text that lives until clear(). Almost always in the record's own buffer.
  std::string_view own(std::string_view text) {
    if (text.empty()) return {};
    auto* copy = static_cast<char*>(memory_.allocate(text.size(), 1));
    std::memcpy(copy, text.data(), text.size());
    return {copy, text.size()};
  }
  // False: its detail is damaged.
  bool load(const psw_record& from) {
    clear();
    row = from;
    for (psw_str* text : {&row.payer, &row.payee, &row.principal, &row.connector, &row.bank, &row.lease_owner, &row.reason, &row.reference_tag})
      *text = str(own(view(*text)));
    row.note = {};
    const auto bytes = own(view(from.detail));
    row.detail = {};
    return decode_detail(bytes, detail) && is_known(state());
  }

  // A copy with memory of its own.
  void copy(const OwnedRecord& from) {
    clear();
    row = from.row;
    for (psw_str* text : {&row.payer, &row.payee, &row.principal, &row.connector, &row.bank, &row.lease_owner, &row.reason, &row.reference_tag})
      *text = str(own(view(*text)));
    row.note = {};
    row.detail = {};
    detail = from.detail;
    trace_id = from.trace_id;
    detail.reference.bytes = own(detail.reference.bytes);
    detail.metadata.bytes = own(detail.metadata.bytes);
    for (std::string_view* text : {&detail.idempotency_key, &detail.route_trace, &detail.refused_banks, &detail.peer_reference, &detail.limit_keys})
      *text = own(*text);
  }

  TransferState state() const noexcept { return static_cast<TransferState>(row.state); }
  TransferKind kind() const noexcept { return static_cast<TransferKind>(row.kind); }
  std::string_view bank() const noexcept { return view(row.bank); }
  std::string_view currency() const noexcept { return currency_view(row.money.currency); }
  void set_state(TransferState state) noexcept { row.state = static_cast<std::int32_t>(state); }
  // Money of the operation under way: p of a partial post, else the amount.
  psw_money operation_money() const noexcept {
    psw_money money = row.money;
    if (detail.operation_minor != 0) money.minor = detail.operation_minor;
    return money;
  }

  // Into an entry, with the detail encoded; `version` is row.version.
  void put(ledger::EntryBuilder& entry, std::string_view note) const { encoded(note, [&](const psw_record& r) { entry.record(r); }); }
  void put_if_refused(ledger::EntryBuilder& entry, std::string_view note) const {
    encoded(note, [&](const psw_record& r) { entry.record_if_refused(r); });
  }

  TransferView shown() const noexcept {
    TransferView out;
    out.id = row.id;
    out.parent_id = row.parent_id;
    out.kind = kind();
    out.state = state();
    out.attention = static_cast<Attention>(row.attention);
    out.version = row.version;
    out.attempt = static_cast<std::uint32_t>(row.attempt);
    out.payer = view(row.payer);
    out.payee = view(row.payee);
    out.principal = view(row.principal);
    out.connector = view(row.connector);
    out.bank = bank();
    // The reason is "code" or "code:what else there is to say".
    out.reason_code = view(row.reason).substr(0, view(row.reason).find(':'));
    out.money = row.money;
    out.created_ms = row.created_ms;
    out.not_after_ms = row.not_after_ms;
    out.next_action_ms = row.next_action_ms;
    out.detail = detail;
    return out;
  }

 private:
  template <class Take>
  void encoded(std::string_view note, Take take) const {
    std::array<char, detail_bytes_max> bytes;
    const std::size_t size = encode_detail(detail, bytes);
    PSW_ASSERT(size != 0);
    psw_record out = row;
    out.detail = {bytes.data(), size};
    out.note = str(note);
    take(out);
  }

  std::array<std::byte, 1536> buffer_;
  std::pmr::monotonic_buffer_resource memory_{buffer_.data(), buffer_.size()};
};

}  // namespace payswitch::daemon::transfer

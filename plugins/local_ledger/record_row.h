// A record of the journal as a row of a reply. Views borrow the bytes of the record.
#pragma once

#include <payswitch/abi.h>
#include <payswitch/str.h>

#include <cstring>

#include "entry_view.h"

namespace payswitch::local_ledger {

inline psw_record record_row(const RecordView& record, std::int64_t now_ms) noexcept {
  psw_record row{};
  const auto text = [&](RecordText which) { return str(record.text(which)); };
  row.id = record.fixed.id;
  row.parent_id = record.parent;
  row.version = record.fixed.version;
  row.kind = record.fixed.kind;
  row.state = record.fixed.state;
  row.attention = record.fixed.attention;
  row.attempt = record.fixed.attempt;
  row.payer = text(RecordText::payer);
  row.payee = text(RecordText::payee);
  row.principal = text(RecordText::principal);
  row.connector = text(RecordText::connector);
  row.bank = text(RecordText::bank);
  row.lease_owner = text(RecordText::lease_owner);
  row.reason = text(RecordText::reason);
  row.reference_tag = text(RecordText::reference_tag);
  row.detail = text(RecordText::detail);
  row.note = text(RecordText::note);
  row.money.minor = record.fixed.minor;
  std::memcpy(row.money.currency, record.fixed.currency, sizeof row.money.currency);
  row.money.exponent = record.fixed.exponent;
  row.next_action_ms = record.fixed.next_action_ms;
  row.not_after_ms = record.not_after_ms;
  row.created_ms = record.fixed.created_ms;
  row.lease_ms = record.lease_end_ms > now_ms ? record.lease_end_ms - now_ms : 0;  // what is left of it
  row.lease_epoch = record.lease_epoch;
  return row;
}

}  // namespace payswitch::local_ledger

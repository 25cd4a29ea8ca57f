#include "transfer/queries.h"

#include <algorithm>

namespace payswitch::daemon::transfer {

namespace {
constexpr std::uint32_t rows_max = 500;
}

void ShowFlow::start(const TransferQuery& query, Reply<TransferAnswer> reply) {
  begin(query.caller, reply, query.wait_ms);
  id_ = query.transfer;
  with_history_ = query.with_history;
  with_balances_ = false;
  shown_only_ = true;
  demanded_ = query.position;
  only_own_ = true;
  if (!query.caller.may(auth::scope_read) && !query.caller.may(auth::scope_pay)) return fail(ErrorCode::forbidden);
  show();
}
void ShowFlow::recycle() { core_.shows->give_back(this); }

void ListFlow::start(const TransfersQuery& query, Reply<TransfersAnswer> reply) {
  query_ = query;
  reply_ = reply;
  rows_.clear();
  ++core_.counters.running;
  TransfersAnswer refused;
  refused.code = ErrorCode::forbidden;
  if (!query.caller.may(auth::scope_read)) return finish(refused);
  const std::string_view principal = query.caller.sees_all() ? query.principal : query.caller.principal;
  // A tag is made with the principal's name: without one a reference cannot be looked for.
  refused.code = ErrorCode::malformed_request;
  if (!query.reference.empty() && principal.empty()) return finish(refused);
  char tag[32];
  if (!query.reference.empty()) core_.hasher.reference_tag(core_.settings->reference_key, principal, query.reference, tag);
  const bool asked = core_.client.read<&ListFlow::got>(ledger::ReadWhat::records, this, [&](psw_read& read, ledger::EntryBuilder& keep) {
    read.owner = keep.keep(principal);
    read.bank = keep.keep(query.bank);
    read.state_mask = query.state_mask;
    read.after = keep.keep(query.after);
    read.position = keep.keep(query.position);
    read.limit = std::clamp<std::uint32_t>(query.limit, 1, rows_max);
    if (!query.reference.empty()) read.key = keep.keep({tag, sizeof tag});
  });
  refused.code = ErrorCode::overloaded;
  if (!asked) finish(refused);
}

void ListFlow::got(const ledger::ReadReply& reply) {
  TransfersAnswer answer;
  if (!reply.ok()) {
    answer.code = code_of(reply);
    return finish(answer);
  }
  core_.client.saw_clock(reply.clock_ms());
  const auto rows = reply.rows<psw_record>();
  for (const auto& row : rows) {
    OwnedRecord view_of;  // decodes in place: its texts are copied, so the views below are taken from the row itself
    TransferView shown;
    view_of.row = row;
    shown = view_of.shown();
    if (!decode_detail(view(row.detail), shown.detail)) core_.notice(Notice::record_damaged, row.id, view(row.bank), "its detail cannot be read");
    rows_.push_back(shown);
  }
  answer.transfers = rows_;
  if (reply.goes_on(std::clamp<std::uint32_t>(query_.limit, 1, rows_max))) answer.next = reply.position();
  finish(answer);
}

void ListFlow::finish(const TransfersAnswer& answer) {
  --core_.counters.running;
  reply_(answer);
  core_.lists->give_back(this);
}

}  // namespace payswitch::daemon::transfer

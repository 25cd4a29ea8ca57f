#include "transfer/next_action.h"

#include <algorithm>

#include "transfer/mutant.h"

namespace payswitch::daemon::transfer {

namespace {

Judgement undecided(const Situation&) noexcept { return {Do::doubt, TransferState::in_doubt}; }

// Ways on when this attempt is known not to have happened.
Judgement another_way(const Situation& now, bool same_bank_too) noexcept {
  if (!now.cancel_asked && now.state == TransferState::submitted) {
    if (same_bank_too && now.other_connector) return {Do::next_connector, TransferState::submitted};
    if (now.other_bank) return {Do::next_bank, TransferState::submitted};
  }
  return {Do::release, TransferState::voided};
}

}  // namespace

Judgement judge(const Situation& now, Answer answer) noexcept {
  switch (answer) {
    case Answer::applied:
      if (!now.echo_equal) return {Do::doubt, TransferState::in_doubt, Attention::echo_mismatch};
      return {Do::complete, TransferState::completed};
    case Answer::refused:
      if (!now.echo_equal) return {Do::doubt, TransferState::in_doubt, Attention::op_id_reused};
      return another_way(now, false);
    case Answer::not_sent:
      // It speaks of one call. Only of the very first one does it speak of the transfer.
      if (now.state == TransferState::submitted && (now.first_send || PSW_MUTANT("not_sent_of_a_resend"))) return another_way(now, true);
      if (PSW_MUTANT("not_sent_of_a_resend")) return {Do::release, TransferState::voided};
      return undecided(now);
    case Answer::pending:
      if (now.state == TransferState::submitted) return {Do::keep, TransferState::submitted, Attention::none, true};
      return undecided(now);
    case Answer::not_recorded:
      if (now.state == TransferState::submitted) return {Do::keep, TransferState::submitted};
      return undecided(now);
    case Answer::not_found:
      if (PSW_MUTANT("trust_not_found")) return {Do::release, TransferState::voided};
      return undecided(now);
    case Answer::unknown:
      if (PSW_MUTANT("void_on_timeout")) return {Do::release, TransferState::voided};
      if (PSW_MUTANT("fail_over_after_timeout")) return another_way(now, false);
      return undecided(now);
  }
  return undecided(now);
}

DueAction when_due(const DueSituation& now) noexcept {
  DueAction out;
  if (now.state == TransferState::held) {
    if (now.hold_ended) out.expire = true;
    else if (now.queued && now.connector_back) out.send = Send::submit;
    return out;
  }
  if (now.state != TransferState::submitted && now.state != TransferState::in_doubt) return out;
  if (now.hold_ended && PSW_MUTANT("hold_expires_while_submitted")) {
    out.expire = true;
    return out;
  }
  // Another process, or this one after its first answer was lost: nobody knows what left.
  out.to_doubt = now.state == TransferState::submitted && !(now.sent_by_us && now.pending_at_peer);
  out.ask_cancel = !now.cancel_asked && now.not_after_passed && now.can_cancel;
  out.raise_attention = now.overdue && !now.attention;
  if (!now.reachable) return out;
  if (now.not_after_passed && PSW_MUTANT("not_found_is_final_after_not_after")) {
    out.ask_cancel = false;
    out.send = Send::query;
    return out;
  }
  if ((now.cancel_asked || out.ask_cancel) && now.can_cancel) out.send = Send::cancel;
  else if (now.can_query) out.send = Send::query;
  else out.send = Send::credit;
  return out;
}

bool resend_after_query(const DueSituation& now, Answer answer) noexcept {
  if (now.cancel_asked || now.not_after_passed || PSW_MUTANT("trust_not_found")) return false;
  return answer == Answer::not_found;
}

std::int64_t back_off_ms(std::uint32_t polls, std::int64_t first_ms, std::int64_t cap_ms, std::uint64_t random) noexcept {
  const std::uint32_t doublings = std::min<std::uint32_t>(polls, 20);
  const std::int64_t plain = std::min(cap_ms, first_ms << doublings);
  // 80 % … 120 %, in steps of a thousandth.
  const auto thousandths = static_cast<std::int64_t>(800 + random % 401);
  return std::min(cap_ms, plain * thousandths / 1000);
}

Contradiction contradiction(TransferState state, bool about_current_attempt, Answer answer) noexcept {
  if (answer == Answer::applied) {
    if (!about_current_attempt) return Contradiction::they_have_it;
    if (state == TransferState::voided || state == TransferState::expired || state == TransferState::rejected) return Contradiction::they_have_it;
  }
  if (answer == Answer::refused && about_current_attempt && state == TransferState::completed) return Contradiction::they_have_it_not;
  return Contradiction::none;
}

}  // namespace payswitch::daemon::transfer

// The whole saga on one page, pure: what an answer of the other bank means, and what to do when a transfer is due. No clock, no memory,
// no participant: whoever calls has looked all that up. Every rule here is a row of the state machine in docs/internals.
#pragma once

#include <payswitch/transfer_state.h>

#include <cstdint>
#include <string_view>

namespace payswitch::daemon::transfer {

// What came back from one call to a gateway, or by a report, after it was checked that it is about the current attempt's op_id and comes
// from that attempt's bank.
enum class Answer : std::uint8_t {
  applied,       // recorded: credited
  refused,       // recorded: never will be (a tombstone too)
  pending,       // recorded: still working
  not_found,     // no record at that moment
  not_sent,      // this call put no byte on the wire
  not_recorded,  // the peer's signed advice: not recorded, ask again later
  unknown,       // everything else
};
constexpr bool is_decision(Answer answer) noexcept { return answer == Answer::applied || answer == Answer::refused; }

struct Situation {
  TransferState state = TransferState::submitted;
  bool cancel_asked = false;
  bool echo_equal = true;        // the decision record repeats what we asked (a tombstone may have no hash)
  bool first_send = false;       // first credit of this attempt, by the process that wrote `submitted`, version unchanged
  bool other_connector = false;  // one more of this bank could be tried
  bool other_bank = false;       // one more bank could be tried; none that has refused
};

enum class Do : std::uint8_t {
  complete,         // post payer → clearing
  release,          // give the money back: voided
  next_connector,   // same bank, same op_id, attempt + 1
  next_bank,        // the pending credit moves, new op_id, attempt + 1
  keep,             // state as before, ask again later
  doubt,            // in_doubt, ask again later
};

struct Judgement {
  Do what = Do::doubt;
  TransferState to = TransferState::in_doubt;
  Attention attention = Attention::none;  // raised by this answer
  bool pending_at_peer = false;
};

Judgement judge(const Situation& situation, Answer answer) noexcept;

// ---- when a record is due ----

struct DueSituation {
  TransferState state = TransferState::submitted;
  bool queued = false;            // held only until a connector is back
  bool connector_back = false;    // queued: one is available now
  bool hold_ended = false;        // hold_until has passed by the ledger's clock
  bool sent_by_us = false;        // submitted by this very process
  bool pending_at_peer = false;
  bool cancel_asked = false;
  bool not_after_passed = false;  // not_after + margin
  bool overdue = false;           // not_after + attention_after
  bool attention = false;         // already raised
  bool can_query = true;
  bool can_cancel = true;
  bool reachable = true;          // an instance for the bank is configured and available
};

enum class Send : std::uint8_t { nothing, submit, credit, query, cancel };

struct DueAction {
  bool expire = false;           // held → expired
  bool to_doubt = false;         // durable before anything is sent
  bool ask_cancel = false;       // cancel_asked_at, durable before anything is sent
  bool raise_attention = false;
  Send send = Send::nothing;
};

DueAction when_due(const DueSituation& situation) noexcept;

// After a query that decided nothing: is the original credit sent again in the same round?
bool resend_after_query(const DueSituation& situation, Answer answer) noexcept;

// 0.5 s × 2 per round, ± 20 % by `random`, at most the cap.
std::int64_t back_off_ms(std::uint32_t polls, std::int64_t first_ms, std::int64_t cap_ms, std::uint64_t random) noexcept;

// What a late decision proves against a transfer that is not waiting for it: money on one side only?
enum class Contradiction : std::uint8_t {
  none,
  they_have_it,      // they applied, we gave the money back or sent it elsewhere: suspense → clearing
  they_have_it_not,  // they refused, we posted: clearing → suspense
};
Contradiction contradiction(TransferState state, bool about_current_attempt, Answer answer) noexcept;

}  // namespace payswitch::daemon::transfer

#include "transfer/next_action.h"

#include <gtest/gtest.h>

namespace payswitch::daemon::transfer {
namespace {

constexpr auto submitted = TransferState::submitted;
constexpr auto in_doubt = TransferState::in_doubt;

struct Row {
  const char* says;
  TransferState from;
  bool cancel_asked, echo_equal, first_send, other_connector, other_bank;
  Answer answer;
  Do what;
  TransferState to;
};

// The rows of the state machine that an answer can move, in its order.
constexpr Row table[] = {
    {"applied, echo equal", submitted, false, true, true, true, true, Answer::applied, Do::complete, TransferState::completed},
    {"applied in doubt", in_doubt, false, true, false, true, true, Answer::applied, Do::complete, TransferState::completed},
    {"applied after a cancel was asked", in_doubt, true, true, false, false, false, Answer::applied, Do::complete, TransferState::completed},
    {"applied, another echo", submitted, false, false, true, true, true, Answer::applied, Do::doubt, in_doubt},
    {"refused, another bank", submitted, false, true, true, true, true, Answer::refused, Do::next_bank, submitted},
    {"refused, no other bank", submitted, false, true, true, true, false, Answer::refused, Do::release, TransferState::voided},
    {"refused, cancel asked", submitted, true, true, false, true, true, Answer::refused, Do::release, TransferState::voided},
    {"refused in doubt, always", in_doubt, false, true, false, true, true, Answer::refused, Do::release, TransferState::voided},
    {"refused, another hash", submitted, false, false, true, true, true, Answer::refused, Do::doubt, in_doubt},
    {"not_sent, first send, other connector", submitted, false, true, true, true, true, Answer::not_sent, Do::next_connector, submitted},
    {"not_sent, first send, other bank only", submitted, false, true, true, false, true, Answer::not_sent, Do::next_bank, submitted},
    {"not_sent, first send, none left", submitted, false, true, true, false, false, Answer::not_sent, Do::release, TransferState::voided},
    {"not_sent of a resend", submitted, false, true, false, true, true, Answer::not_sent, Do::doubt, in_doubt},
    {"not_sent in doubt", in_doubt, false, true, false, true, true, Answer::not_sent, Do::doubt, in_doubt},
    {"pending", submitted, false, true, true, true, true, Answer::pending, Do::keep, submitted},
    {"pending in doubt", in_doubt, false, true, false, true, true, Answer::pending, Do::doubt, in_doubt},
    {"signed advice: not recorded", submitted, false, true, true, true, true, Answer::not_recorded, Do::keep, submitted},
    {"unknown", submitted, false, true, true, true, true, Answer::unknown, Do::doubt, in_doubt},
    {"unknown in doubt", in_doubt, false, true, false, true, true, Answer::unknown, Do::doubt, in_doubt},
    {"not_found", submitted, false, true, false, true, true, Answer::not_found, Do::doubt, in_doubt},
    {"not_found in doubt", in_doubt, false, true, false, true, true, Answer::not_found, Do::doubt, in_doubt},
};

}  // namespace

TEST(NextAction, every_answer_leads_where_the_state_machine_says) {
  for (const auto& row : table) {
    Situation now;
    now.state = row.from;
    now.cancel_asked = row.cancel_asked;
    now.echo_equal = row.echo_equal;
    now.first_send = row.first_send;
    now.other_connector = row.other_connector;
    now.other_bank = row.other_bank;
    const auto judged = judge(now, row.answer);
    EXPECT_EQ(judged.what, row.what) << row.says;
    EXPECT_EQ(judged.to, row.to) << row.says;
    EXPECT_TRUE(edge_allowed(row.from, judged.to)) << row.says;
  }
}

TEST(NextAction, money_is_released_only_on_a_refusal_or_an_unsent_first_send) {
  for (int bits = 0; bits != 64; ++bits) {
    Situation now;
    now.state = (bits & 1) != 0 ? submitted : in_doubt;
    now.cancel_asked = (bits & 2) != 0;
    now.echo_equal = (bits & 4) != 0;
    now.first_send = (bits & 8) != 0;
    now.other_connector = (bits & 16) != 0;
    now.other_bank = (bits & 32) != 0;
    for (const auto answer : {Answer::applied, Answer::refused, Answer::pending, Answer::not_found, Answer::not_sent, Answer::not_recorded, Answer::unknown}) {
      const auto what = judge(now, answer).what;
      const bool known_not_to_be = (answer == Answer::refused && now.echo_equal) || (answer == Answer::not_sent && now.first_send && now.state == submitted);
      if (what == Do::release || what == Do::next_bank) {
        EXPECT_TRUE(known_not_to_be) << bits << " " << static_cast<int>(answer);
      }
      if (what == Do::complete) {
        EXPECT_TRUE(answer == Answer::applied && now.echo_equal) << bits;
      }
    }
  }
}

TEST(NextAction, a_wrong_echo_raises_attention) {
  Situation now;
  now.echo_equal = false;
  EXPECT_EQ(judge(now, Answer::applied).attention, Attention::echo_mismatch);
  EXPECT_EQ(judge(now, Answer::refused).attention, Attention::op_id_reused);
}

TEST(NextAction, a_submitted_record_of_another_process_goes_in_doubt_before_anything_is_sent) {
  DueSituation now;
  now.state = submitted;
  const auto action = when_due(now);
  EXPECT_TRUE(action.to_doubt);
  EXPECT_EQ(action.send, Send::query);
}

TEST(NextAction, what_the_peer_still_works_on_stays_submitted_for_the_process_that_sent_it) {
  DueSituation now;
  now.sent_by_us = true;
  now.pending_at_peer = true;
  EXPECT_FALSE(when_due(now).to_doubt);
}

TEST(NextAction, after_not_after_only_cancel_is_sent) {
  DueSituation now;
  now.state = in_doubt;
  now.not_after_passed = true;
  const auto action = when_due(now);
  EXPECT_TRUE(action.ask_cancel);
  EXPECT_EQ(action.send, Send::cancel);
  now.cancel_asked = true;
  EXPECT_FALSE(when_due(now).ask_cancel);
  EXPECT_EQ(when_due(now).send, Send::cancel);
  EXPECT_FALSE(resend_after_query(now, Answer::not_found));
}

TEST(NextAction, nothing_expires_while_submitted_or_in_doubt) {
  for (const auto state : {submitted, in_doubt}) {
    DueSituation now;
    now.state = state;
    now.hold_ended = true;
    EXPECT_FALSE(when_due(now).expire);
  }
}

TEST(NextAction, a_hold_expires_and_a_queued_one_is_sent_when_a_connector_is_back) {
  DueSituation now;
  now.state = TransferState::held;
  now.queued = true;
  EXPECT_EQ(when_due(now).send, Send::nothing);
  now.connector_back = true;
  EXPECT_EQ(when_due(now).send, Send::submit);
  now.hold_ended = true;
  EXPECT_TRUE(when_due(now).expire);
  EXPECT_EQ(when_due(now).send, Send::nothing);
}

TEST(NextAction, attention_is_raised_once) {
  DueSituation now;
  now.state = in_doubt;
  now.overdue = true;
  EXPECT_TRUE(when_due(now).raise_attention);
  now.attention = true;
  EXPECT_FALSE(when_due(now).raise_attention);
}

TEST(NextAction, a_bank_without_query_is_asked_by_resending) {
  DueSituation now;
  now.state = in_doubt;
  now.can_query = false;
  EXPECT_EQ(when_due(now).send, Send::credit);
}

TEST(NextAction, back_off_doubles_to_the_cap_and_stays_within_a_fifth) {
  for (std::uint32_t polls = 0; polls != 40; ++polls) {
    const auto plain = std::min<std::int64_t>(60'000, std::int64_t{500} << std::min<std::uint32_t>(polls, 20));
    for (const std::uint64_t random : {std::uint64_t{0}, std::uint64_t{200}, std::uint64_t{400}}) {
      const auto delay = back_off_ms(polls, 500, 60'000, random);
      EXPECT_GE(delay, plain * 8 / 10);
      EXPECT_LE(delay, std::min<std::int64_t>(60'000, plain * 12 / 10));
    }
  }
}

TEST(NextAction, contradictions_are_those_where_money_stands_on_one_side_only) {
  EXPECT_EQ(contradiction(TransferState::voided, true, Answer::applied), Contradiction::they_have_it);
  EXPECT_EQ(contradiction(TransferState::completed, true, Answer::refused), Contradiction::they_have_it_not);
  EXPECT_EQ(contradiction(TransferState::completed, true, Answer::applied), Contradiction::none);
  EXPECT_EQ(contradiction(TransferState::voided, true, Answer::refused), Contradiction::none);
  EXPECT_EQ(contradiction(TransferState::submitted, false, Answer::applied), Contradiction::they_have_it);
  EXPECT_EQ(contradiction(TransferState::submitted, false, Answer::refused), Contradiction::none);
}

}  // namespace payswitch::daemon::transfer

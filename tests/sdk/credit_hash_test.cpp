#include <payswitch/credit_hash.h>

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace payswitch {
namespace {

psw_credit sample() {
  psw_credit c{};
  c.size = sizeof c;
  c.op_id.b[0] = 7;
  c.payer = str("mj-1");
  c.payee = str("jh-1");
  c.money.minor = 15000;
  set_currency(c.money.currency, "KRW");
  return c;
}

TEST(CreditHash, every_immutable_field_changes_it) {
  const Sha256Digest first = credit_hash(sample());
  const std::vector<std::function<void(psw_credit&)>> changes = {
      [](psw_credit& c) { c.op_id.b[15] ^= 1; }, [](psw_credit& c) { c.payer = str("mj-2"); },      [](psw_credit& c) { c.payee = str("jh-2"); },
      [](psw_credit& c) { ++c.money.minor; },     [](psw_credit& c) { c.money.currency[0] = 'U'; }, [](psw_credit& c) { c.money.exponent = 2; },
      [](psw_credit& c) { c.reverses.b[3] = 1; }, [](psw_credit& c) { c.payer = str("mj-1jh"); c.payee = str("-1"); }};
  for (std::size_t i = 0; i != changes.size(); ++i) {
    psw_credit c = sample();
    changes[i](c);
    EXPECT_NE(credit_hash(c), first) << i;
  }
}
TEST(CreditHash, what_may_differ_between_two_sends_does_not_change_it) {
  psw_credit c = sample();
  c.not_after_ms = 5;
  c.accepted_ms = 6;
  c.reference = str("rent");
  c.ours.position = 9;
  c.verified_key = str("k");
  EXPECT_EQ(credit_hash(c), credit_hash(sample()));
}

}  // namespace
}  // namespace payswitch

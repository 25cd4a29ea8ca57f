#include <payswitch/credit_hash.h>
#include <payswitch/ids.h>

#include <gtest/gtest.h>

#include "peer_http/json.h"
#include "peer_http/wire.h"

namespace payswitch::peer_http {
namespace {

psw_credit a_credit() {
  psw_credit c{};
  c.size = sizeof c;
  c.op_id = derive_id(1, {"op"});
  c.payer = str("mj-1");
  c.payee = str("jh-1");
  c.reference = str("rent \"May\" \xc3\xa9\n");
  c.money.minor = 15000;
  c.money.exponent = 2;
  set_currency(c.money.currency, "USD");
  c.accepted_ms = 1'750'000'000'000;
  c.not_after_ms = 1'750'000'030'000;
  const Sha256Digest hash = credit_hash(c);
  std::memcpy(c.hash, hash.data(), sizeof c.hash);
  return c;
}

TEST(Json, what_other_readers_guess_is_refused) {
  for (const char* bad : {"", "{", "{\"a\":1,\"a\":1}", "{\"a\":1.0}", "{\"a\":1e3}", "{\"a\":01}", "{\"a\":9223372036854775808}", "{\"a\":1} x", "{\"a\":\"\x01\"}",
                          "{\"a\":\"\\ud800\"}", "{\"a\":\"\xc0\x80\"}", "{\"a\":\"\xed\xa0\x80\"}", "{a:1}", "{\"a\":1,}", "[1,]", "{\"a\":'x'}", "[[[[[[1]]]]]]", "\"\\x\"", "-", "tru", "\xef\xbb\xbf{}"}) {
    EXPECT_FALSE(Json::parse(bad)) << bad;
  }
  const auto good = Json::parse(" {\"a\" : [1, -2, \"\\u00e9\\ud83d\\ude00\"], \"b\": true, \"c\": null} ");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->members[0].second.elements[2].text, "\xc3\xa9\xf0\x9f\x98\x80");
}

TEST(Wire, a_credit_that_was_written_is_read_again) {
  const psw_credit c = a_credit();
  const auto read = read_credit(write_credit(c), c.op_id);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->hash_right);
  EXPECT_EQ(read->credit.money.minor, 15000);
  EXPECT_EQ(read->credit.money.exponent, 2);
  EXPECT_EQ(read->credit.payer, "mj-1");
  EXPECT_EQ(read->credit.payee, "jh-1");
  EXPECT_EQ(read->credit.reference, view(c.reference));
  EXPECT_EQ(read->credit.accepted_ms, c.accepted_ms);
  EXPECT_EQ(read->credit.not_after_ms, c.not_after_ms);
}

TEST(Wire, the_hash_is_recomputed_from_what_was_received) {
  const psw_credit c = a_credit();
  std::string body = write_credit(c);
  body.replace(body.find("15000"), 5, "15001");
  const auto read = read_credit(body, c.op_id);
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->hash_right);
  EXPECT_FALSE(read_credit(write_credit(c), derive_id(1, {"another"}))->hash_right);
}

TEST(Wire, A8_amounts_that_are_not_positive_integers_are_refused) {
  const psw_credit c = a_credit();
  for (const char* bad : {"\"0\"", "\"-1\"", "\"1.5\"", "\"01\"", "\"1e3\"", "\"\"", "\"10000000000000000\"", "15000", "null", "\" 1\"", "\"+1\""}) {
    std::string body = write_credit(c);
    body.replace(body.find("\"15000\""), 7, bad);
    EXPECT_FALSE(read_credit(body, c.op_id)) << bad;
  }
}

TEST(Wire, unknown_missing_and_repeated_members_are_refused) {
  const psw_credit c = a_credit();
  const std::string good = write_credit(c);
  EXPECT_FALSE(read_credit("{\"bank\":\"jh\"," + good.substr(1), c.op_id));
  EXPECT_FALSE(read_credit("{\"payer\":\"mj-1\"," + good.substr(1), c.op_id));
  for (const char* name : {"amount", "currency", "scale", "payer", "payee", "accepted", "not_after", "hash"}) {
    std::string body = good;
    body.replace(body.find("\"" + std::string(name) + "\"") + 1, 1, "_");
    EXPECT_FALSE(read_credit(body, c.op_id)) << name;
  }
}

TEST(Wire, a_batch_with_an_op_id_twice_or_none_or_too_many_is_refused) {
  std::vector<psw_credit> all(257, a_credit());
  std::vector<const psw_credit*> some;
  EXPECT_FALSE(read_batch(write_batch(some)));
  for (std::size_t i = 0; i != all.size(); ++i) {
    all[i].op_id = derive_id(2, {std::to_string(i)});
    const Sha256Digest hash = credit_hash(all[i]);
    std::memcpy(all[i].hash, hash.data(), sizeof all[i].hash);
    some.push_back(&all[i]);
  }
  EXPECT_FALSE(read_batch(write_batch(some)));
  some.pop_back();
  const auto read = read_batch(write_batch(some));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->size(), 256u);
  EXPECT_TRUE(read->back().hash_right);
  some.back() = some.front();
  EXPECT_FALSE(read_batch(write_batch(some)));
}

Word a_record() {
  Word w;
  w.kind = Word::Kind::record;
  w.op_id = derive_id(1, {"op"});
  w.record = decision(w.op_id, a_credit().money, "mj-1", "jh-1");
  w.record.word = Outcome::applied;
  std::memcpy(w.record.hash, a_credit().hash, 32);
  w.record.peer_reference = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  w.record.decided_ms = 5;
  w.record.theirs.position = 77;
  return w;
}

TEST(Wire, a_decision_record_is_read_exactly_as_it_was_said) {
  const Word w = a_record();
  const auto read = read_word(write_word(w));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->kind, Word::Kind::record);
  EXPECT_TRUE(same(read->record.op_id, w.op_id));
  EXPECT_EQ(read->record.word, Outcome::applied);
  EXPECT_EQ(read->record.money.minor, 15000);
  EXPECT_EQ(read->record.money.exponent, 2);
  EXPECT_EQ(read->record.payer, "mj-1");
  EXPECT_EQ(read->record.payee, "jh-1");
  EXPECT_TRUE(same_hash(read->record.hash, w.record.hash));
  EXPECT_EQ(read->record.theirs.position, 77u);
  EXPECT_EQ(read->record.peer_reference, w.record.peer_reference);
}

TEST(Wire, a_tombstone_knows_its_op_id_only) {
  Word w;
  w.kind = Word::Kind::record;
  w.op_id = w.record.op_id = derive_id(1, {"op"});
  w.record.word = Outcome::refused;
  w.record.code = "cancelled";
  const auto read = read_word(write_word(w));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->record.code, "cancelled");
  EXPECT_EQ(read->record.money.minor, 0);
}

TEST(Wire, an_applied_record_without_money_or_hash_and_a_refusal_without_code_are_none) {
  Word w = a_record();
  w.record.money.minor = 0;
  EXPECT_FALSE(read_word(write_word(w)));
  w = a_record();
  std::memset(w.record.hash, 0, 32);
  EXPECT_FALSE(read_word(write_word(w)));
  w = a_record();
  w.record.word = Outcome::refused;
  EXPECT_FALSE(read_word(write_word(w)));
  w.record.code = "payee_not_found";
  EXPECT_TRUE(read_word(write_word(w)));
  EXPECT_FALSE(read_word("{\"op_id\":\"" + to_hex(w.op_id) + "\",\"decision\":\"maybe\",\"position\":1}"));
}

TEST(Wire, not_recorded_is_never_true) {
  EXPECT_TRUE(read_word("{\"recorded\":false,\"error\":\"overloaded\",\"retry_after_ms\":5}"));
  EXPECT_FALSE(read_word("{\"recorded\":true,\"error\":\"overloaded\"}"));
  EXPECT_FALSE(read_word("{\"recorded\":false,\"error\":\"overloaded\",\"retry_after_ms\":-5}"));
  EXPECT_FALSE(read_word("{\"recorded\":false,\"error\":\"x\",\"decision\":\"applied\"}"));
}

TEST(Wire, hello_lookup_and_a_page_come_back_as_written) {
  Hello h;
  h.bank = "jh";
  h.history = psw_history{derive_id(1, {"l"}), 2, 3};
  h.clock_ms = 99;
  h.currencies.push_back(a_credit().money);
  const auto hello = read_hello(write_hello(h));
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->bank, "jh");
  EXPECT_EQ(hello->history.position, 3u);
  ASSERT_EQ(hello->currencies.size(), 1u);
  EXPECT_EQ(hello->currencies[0].exponent, 2);

  Lookup l;
  l.may_be_credited = true;
  l.name = "A*** B***";
  EXPECT_EQ(read_lookup(write_lookup(l))->name, l.name);

  Page p;
  p.next = "42";
  p.records.push_back(a_record().record);
  p.records.back().direction = 2;
  const auto page = read_page(write_page(p));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->next, "42");
  ASSERT_EQ(page->records.size(), 1u);
  EXPECT_EQ(page->records[0].direction, 1) << "what came in at them is what they credited for us";
}

}  // namespace
}  // namespace payswitch::peer_http

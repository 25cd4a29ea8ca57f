#include <payswitch/ids.h>

#include <gtest/gtest.h>

#include <set>

namespace payswitch {
namespace {

std::string hex(const Sha256Digest& d) {
  std::string out;
  for (const std::uint8_t b : d) {
    out += "0123456789abcdef"[b >> 4];
    out += "0123456789abcdef"[b & 15];
  }
  return out;
}

TEST(Sha256, gives_the_standard_vectors) {  // FIPS 180-4, NIST examples
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex(sha256(std::string(1'000'000, 'a'))), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
TEST(Sha256, does_not_care_how_the_message_is_cut) {
  const std::string text(200, 'x');
  for (std::size_t cut = 0; cut <= text.size(); cut += 7) {
    Sha256 hash;
    hash.update(text.substr(0, cut));
    hash.update(text.substr(cut));
    EXPECT_EQ(hash.finish(), sha256(text)) << cut;
  }
}

TEST(Ids, hex_has_one_spelling) {
  psw_id id{};
  for (std::size_t i = 0; i != 16; ++i) id.b[i] = static_cast<std::uint8_t>(i * 16 + 9);
  const std::string text = to_hex(id);
  EXPECT_TRUE(same(*parse_hex(text), id));
  std::string upper = text;
  upper[3] = 'F';
  for (const std::string& bad : {upper, text.substr(1), text + "0", std::string(32, 'g')}) EXPECT_FALSE(parse_hex(bad).has_value()) << bad;
}
TEST(Ids, ulid_has_one_spelling) {
  EXPECT_TRUE(same(*parse_ulid("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"), psw_id{{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}}));
  const psw_id id = *parse_ulid("01ARZ3NDEKTSV4RRFFQ69G5FAV");
  EXPECT_EQ(to_ulid(id), "01ARZ3NDEKTSV4RRFFQ69G5FAV");
  EXPECT_EQ(ulid_ms(id), 1469922850259);
  for (const char* bad : {"8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "01arz3ndektsv4rrffq69g5fav", "01ARZ3NDEKTSV4RRFFQ69G5FAI", "01ARZ3NDEKTSV4RRFFQ69G5FA", ""}) EXPECT_FALSE(parse_ulid(bad).has_value()) << bad;
}

struct Chance {
  std::uint64_t state = 7;
  static std::uint64_t next(void* p) { return static_cast<Chance*>(p)->state = static_cast<Chance*>(p)->state * 6364136223846793005u + 1442695040888963407u; }
};

TEST(Ids, ulids_only_grow_even_when_the_clock_steps_back) {
  Chance chance;
  UlidGenerator make(&Chance::next, &chance);
  psw_id last = make.next(1'750'000'000'000);
  for (const std::int64_t ms : {1'750'000'000'000, 1'750'000'000'000, 1'749'999'000'000, 1'750'000'000'001, 1'750'000'000'001}) {
    const psw_id next = make.next(ms);
    EXPECT_TRUE(less(last, next)) << ms;
    EXPECT_LT(to_ulid(last), to_ulid(next));
    last = next;
  }
}
TEST(Ids, ulids_carry_into_the_next_byte) {
  struct { } unused;
  UlidGenerator make([](void*) { return ~std::uint64_t{0}; }, &unused);
  const psw_id first = make.next(1);
  EXPECT_TRUE(less(first, make.next(1)));
}

TEST(OpId, is_the_same_for_every_attempt_and_another_for_another_bank) {
  const psw_id id = derive_op_id("mj", "alice", "key-1", "payee", "jh");
  EXPECT_TRUE(same(id, derive_op_id("mj", "alice", "key-1", "payee", "jh")));
  EXPECT_FALSE(same(id, derive_op_id("mj", "alice", "key-1", "payee", "kb")));
  EXPECT_FALSE(same(id, derive_op_id("mj", "alice", "key-2", "payee", "jh")));
  EXPECT_FALSE(same(id, derive_op_id("mj", "bob", "key-1", "payee", "jh")));
  EXPECT_FALSE(same(id, derive_op_id("xx", "alice", "key-1", "payee", "jh")));
  EXPECT_FALSE(same(id, derive_op_id("mj", id, "payee", "jh")));
}
TEST(OpId, fields_do_not_run_into_each_other) {
  std::set<std::string> seen;
  for (const auto& [a, b] : {std::pair{"ab", "c"}, std::pair{"a", "bc"}, std::pair{"", "abc"}, std::pair{"abc", ""}}) seen.insert(to_hex(derive_op_id(a, b, "k", "l", "p")));
  EXPECT_EQ(seen.size(), 4u);
}
TEST(OpId, has_the_bytes_that_other_banks_have_stored) {
  // Golden: SHA-256 of 01, then each field led by its length. A change would let a retry be credited twice.
  EXPECT_EQ(to_hex(derive_op_id("mj", "alice", "key-1", "payee", "jh")), hex(sha256(std::string("\x01\x02\0\0\0mj\x05\0\0\0alice\x05\0\0\0key-1\x05\0\0\0payee\x02\0\0\0jh", 1 + 20 + 19))).substr(0, 32));
}

}  // namespace
}  // namespace payswitch

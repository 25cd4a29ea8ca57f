// Routes, fingerprints, days, limits, the error table, record bytes, the edge table.
#include <gtest/gtest.h>

#include <payswitch/record.h>
#include <payswitch/transfer_state.h>

#include <set>

#include "transfer/day_window.h"
#include "transfer/error_code.h"
#include "transfer/fingerprint.h"
#include "transfer/limits.h"
#include "transfer/route.h"

namespace payswitch::daemon::transfer {
namespace {

config::Config routes_config() {
  config::Config out;
  out.self.bank = "mj";
  out.self.prefix = "mj-";
  config::Bank jh, jh_gold;
  jh.code = "jh";
  jh.prefixes = {"jh-", "0"};
  jh_gold.code = "gold";
  jh_gold.prefixes = {"jh-9"};
  out.banks = {jh, jh_gold};
  for (const auto* name : {"jh-http", "jh-saga", "gold-1", "house"}) {
    config::Connector connector;
    connector.name = name;
    connector.bank = std::string_view(name).starts_with("gold") ? "gold" : std::string_view(name) == "house" ? "cc" : "jh";
    out.connectors.push_back(connector);
  }
  config::Route small, any, gold, last;
  small.bank = "jh";
  small.when.currencies = {"KRW"};
  small.when.max_minor = 1'000;
  small.targets = {"jh-saga"};
  any.bank = "jh";
  any.targets = {"jh-http", "jh-saga", "house"};
  gold.bank = "gold";
  gold.when.currencies = {"USD"};
  gold.targets = {"gold-1"};
  last.bank = "*";
  last.targets = {"house"};
  out.routes = {small, any, gold, last};
  return out;
}

}  // namespace

TEST(Route, the_longest_prefix_decides_the_bank) {
  const RouteTable table(routes_config());
  EXPECT_TRUE(table.is_here("mj-1"));
  EXPECT_FALSE(table.is_here("mj"));
  EXPECT_EQ(table.bank_of("jh-1"), "jh");
  EXPECT_EQ(table.bank_of("jh-91"), "gold");
  EXPECT_EQ(table.find({"mj-7", "KRW", 5}).kind, RouteKind::here);
}

TEST(Route, leading_zeros_are_part_of_the_number) {
  const RouteTable table(routes_config());
  EXPECT_EQ(table.bank_of("0123"), "jh");
  EXPECT_EQ(table.bank_of("123"), "");
}

TEST(Route, the_first_route_in_file_order_whose_conditions_hold_is_taken) {
  const RouteTable table(routes_config());
  const auto small = table.find({"jh-1", "KRW", 1'000});
  ASSERT_EQ(small.targets.size(), 1u);
  EXPECT_EQ(small.targets[0]->connector, "jh-saga");
  const auto large = table.find({"jh-1", "KRW", 1'001});
  ASSERT_EQ(large.targets.size(), 3u);
  EXPECT_EQ(large.targets[0]->connector, "jh-http");
  EXPECT_EQ(large.targets[2]->bank, "cc") << "a target's own bank is the counterparty";
  EXPECT_NE(large.trace.find("route 1: its conditions do not hold"), std::string::npos) << large.trace;
}

TEST(Route, a_default_route_takes_what_no_other_takes) {
  const RouteTable table(routes_config());
  const auto gold = table.find({"jh-91", "KRW", 5});
  ASSERT_EQ(gold.targets.size(), 1u);
  EXPECT_EQ(gold.targets[0]->connector, "house");
  EXPECT_EQ(table.find({"zz-1", "KRW", 5}).kind, RouteKind::other);
  auto config = routes_config();
  config.routes.pop_back();
  EXPECT_EQ(RouteTable(config).find({"zz-1", "KRW", 5}).kind, RouteKind::none);
}

TEST(Route, the_version_changes_with_the_table_only) {
  auto config = routes_config();
  const auto first = RouteTable(config).version();
  EXPECT_EQ(RouteTable(config).version(), first);
  config.routes[1].targets.pop_back();
  EXPECT_NE(RouteTable(config).version(), first);
}

TEST(Fingerprint, it_depends_on_every_field_of_the_wish_and_on_nothing_else) {
  Hasher hasher;
  FingerprintInput base;
  base.operation = "transfer";
  base.payer = "mj-1";
  base.payee = "mj-2";
  base.currency = "KRW";
  base.amount_minor = 100;
  std::set<std::string> seen;
  const auto add = [&](const FingerprintInput& input) {
    Hash hash;
    hasher.fingerprint(input, hash);
    return seen.insert(std::string(reinterpret_cast<const char*>(hash), sizeof hash)).second;
  };
  EXPECT_TRUE(add(base));
  EXPECT_FALSE(add(base)) << "the same wish, the same fingerprint";
  psw_id parent{};
  parent.b[3] = 1;
  const auto change = [&](auto set) {
    auto changed = base;
    set(changed);
    EXPECT_TRUE(add(changed));
  };
  change([](auto& i) { i.operation = "deposit"; });
  change([](auto& i) { i.payer = "mj-3"; });
  change([](auto& i) { i.payee = "mj-3"; });
  change([](auto& i) { i.payer = "mj-1m"; i.payee = "j-2"; });  // fields do not run into each other
  change([](auto& i) { i.currency = "USD"; });
  change([](auto& i) { i.amount_minor = 101; });
  change([](auto& i) { i.all = true; });
  change([](auto& i) { i.mode = "hold"; });
  change([](auto& i) { i.reference = "r"; });
  change([](auto& i) { i.metadata = "r"; });
  change([](auto& i) { i.posted_minor = 100; });
  change([&](auto& i) { i.parent = &parent; });
}

TEST(Fingerprint, it_is_the_same_for_ever) {
  Hasher hasher;
  FingerprintInput input;
  input.operation = "deposit";
  input.payee = "mj-1";
  input.currency = "KRW";
  input.amount_minor = 15'000;
  Hash hash;
  hasher.fingerprint(input, hash);
  std::string hex;
  for (const auto byte : hash) {
    constexpr char digits[] = "0123456789abcdef";
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  // Stored in every ledger: a change of this value means that clients' retries are no longer recognised.
  EXPECT_EQ(hex, "94d745bc6d3b296e17171be6e2280daa8f10d7e759681f5bbfb70a988777047b");
}

TEST(Days, a_day_of_seoul_begins_nine_hours_before_that_of_utc) {
  const auto seoul = DayWindow::load("Asia/Seoul");
  ASSERT_TRUE(seoul) << seoul.error().message;
  constexpr std::int64_t noon = 1'750'000'000'000;  // 2025-06-15 15:06:40 UTC, after midnight in Seoul
  const auto day = seoul->day_of(noon), utc = DayWindow{}.day_of(noon);
  EXPECT_EQ(day.number, utc.number + 1);
  EXPECT_EQ(day.end_ms - day.begin_ms, 86'400'000);
  EXPECT_EQ(day.begin_ms, utc.begin_ms + 86'400'000 - 9 * 3'600'000);
  EXPECT_LE(day.begin_ms, noon);
  EXPECT_GT(day.end_ms, noon);
}

TEST(Days, the_days_of_a_clock_change_have_23_and_25_hours) {
  const auto berlin = DayWindow::load("Europe/Berlin");
  ASSERT_TRUE(berlin) << berlin.error().message;
  const auto spring = berlin->day_of(1'743'300'000'000);  // 2025-03-30
  EXPECT_EQ(spring.end_ms - spring.begin_ms, 23 * 3'600'000);
  const auto autumn = berlin->day_of(1'761'480'000'000);  // 2025-10-26
  EXPECT_EQ(autumn.end_ms - autumn.begin_ms, 25 * 3'600'000);
  EXPECT_EQ(berlin->day_of(spring.end_ms).number, spring.number + 1);
  EXPECT_EQ(berlin->day_of(spring.end_ms - 1).number, spring.number);
}

TEST(Days, an_unknown_zone_is_refused) {
  EXPECT_FALSE(DayWindow::load("Asia/Atlantis"));
  EXPECT_FALSE(DayWindow::load("../../../etc/passwd"));
}

TEST(Limits, a_reason_carries_limit_value_and_when_it_frees) {
  char buffer[96];
  config::TransferLimits limits;
  limits.min = 100;
  limits.max = 5'000;
  EXPECT_EQ(per_transfer_limit(limits, 100, buffer), "");
  EXPECT_EQ(per_transfer_limit(limits, 99, buffer), "limit_exceeded:min:100:0");
  EXPECT_EQ(per_transfer_limit(limits, 5'001, buffer), "limit_exceeded:max:5000:0");
  const auto parsed = parse_limit_reason("limit_exceeded:per_owner_day:100000:1750");
  EXPECT_EQ(parsed.limit, "per_owner_day");
  EXPECT_EQ(parsed.value, 100'000);
  EXPECT_EQ(parsed.frees_at_ms, 1'750);
}

TEST(ErrorTable, every_code_has_one_row_with_a_name_of_its_own) {
  std::set<std::string_view> names;
  for (const auto& entry : error_table) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    if (entry.name.empty()) continue;
    EXPECT_EQ(row(entry.code).name, entry.name);
    EXPECT_EQ(error_named(entry.name), entry.code);
    if (entry.error_class == ErrorClass::retry) {
      EXPECT_EQ(entry.recorded, Recorded::no) << entry.name;
    }
  }
  EXPECT_EQ(error_table.size(), static_cast<std::size_t>(ErrorCode::outcome_unknown) + 2);
  EXPECT_EQ(error_named("no_such_code"), ErrorCode::none);
}

TEST(Record, what_was_encoded_is_decoded) {
  TransferDetail detail;
  detail.posted_minor = 1;
  detail.operation_minor = -2;
  detail.hold_until_ms = 1'750'000'000'000;
  detail.sender = 0xfedcba9876543210ULL;
  detail.op_id.b[0] = 7;
  detail.fingerprint[31] = 9;
  detail.peer.epoch = 3;
  detail.polls = 12;
  detail.cancel_by_client = 1;
  detail.reference = {"rent", false};
  detail.metadata = {"\x01\x02", true};
  detail.idempotency_key = "k-1";
  detail.refused_banks = "jh,cc,";
  char bytes[detail_bytes_max];
  const auto size = encode_detail(detail, bytes);
  ASSERT_NE(size, 0u);
  TransferDetail back;
  ASSERT_TRUE(decode_detail({bytes, size}, back));
  EXPECT_EQ(back.posted_minor, 1);
  EXPECT_EQ(back.operation_minor, -2);
  EXPECT_EQ(back.hold_until_ms, detail.hold_until_ms);
  EXPECT_EQ(back.sender, detail.sender);
  EXPECT_EQ(back.op_id.b[0], 7);
  EXPECT_EQ(back.fingerprint[31], 9);
  EXPECT_EQ(back.peer.epoch, 3u);
  EXPECT_EQ(back.polls, 12u);
  EXPECT_EQ(back.cancel_by_client, 1);
  EXPECT_EQ(back.reference.bytes, "rent");
  EXPECT_TRUE(back.metadata.sealed);
  EXPECT_EQ(back.idempotency_key, "k-1");
  EXPECT_EQ(back.refused_banks, "jh,cc,");
}

TEST(Record, every_truncation_is_noticed) {
  TransferDetail detail;
  detail.posted_minor = 300;
  detail.hold_id.b[3] = 1;
  detail.mode = 1;
  detail.reference = {"rent", false};
  detail.idempotency_key = "k";
  char bytes[detail_bytes_max];
  const auto size = encode_detail(detail, bytes);
  const auto whole_fields = std::set<std::size_t>{size - 5 - 8, size - 5};  // before the key, and before the reference too
  for (std::size_t cut = 0; cut != size; ++cut) {
    TransferDetail back;
    EXPECT_EQ(decode_detail({bytes, cut}, back), whole_fields.count(cut) != 0) << cut;
  }
}

TEST(Record, another_version_is_refused_and_a_longer_fixed_part_is_read) {
  TransferDetail detail, back;
  char bytes[detail_bytes_max];
  const auto size = encode_detail(detail, bytes);
  std::string longer(bytes, size);
  longer[2] = static_cast<char>(longer[2] + 8);
  longer.append(8, '\x55');
  EXPECT_FALSE(decode_detail(longer, back)) << "bytes that no field of the mask accounts for";
  longer[7] = '\x02';  // a field that this build does not know
  EXPECT_TRUE(decode_detail(longer, back));
  bytes[0] = 2;
  EXPECT_FALSE(decode_detail({bytes, size}, back));
}

TEST(Record, what_is_zero_takes_no_room) {
  TransferDetail detail;
  char bytes[detail_bytes_max];
  EXPECT_EQ(encode_detail(detail, bytes), 8u);
  detail.posted_minor = 127;
  EXPECT_EQ(encode_detail(detail, bytes), 9u);
  detail.posted_minor = 128;
  EXPECT_EQ(encode_detail(detail, bytes), 10u);
  detail.posted_minor = INT64_MAX;
  EXPECT_EQ(encode_detail(detail, bytes), 17u);
}

TEST(Record, a_number_too_large_for_its_field_is_damage) {
  TransferDetail detail, back;
  detail.mode = 2;
  char bytes[detail_bytes_max];
  std::string mode(bytes, encode_detail(detail, bytes));
  mode.back() = '\x82';
  mode += '\x02';  // 258
  mode[2] = static_cast<char>(mode[2] + 1);
  EXPECT_FALSE(decode_detail(mode, back));
  detail.mode = 0;
  detail.sender = UINT64_MAX;
  std::string sender(bytes, encode_detail(detail, bytes));
  EXPECT_TRUE(decode_detail(sender, back));
  sender.back() = '\x02';  // bit 64
  EXPECT_FALSE(decode_detail(sender, back));
}

TEST(Record, the_largest_detail_fits_its_maximum) {
  TransferDetail detail;
  detail_codec::fields([](auto& value) { value = static_cast<std::remove_reference_t<decltype(value)>>(-1); },
                       [](auto& value) { std::memset(value, 0xff, sizeof value); }, detail);
  const std::string big(4'096, 'x');
  detail.reference = {std::string_view(big).substr(0, reference_bytes_max + 64), true};
  detail.metadata = {std::string_view(big).substr(0, metadata_bytes_max + 64), true};
  detail.idempotency_key = std::string_view(big).substr(0, idempotency_key_bytes_max);
  detail.route_trace = std::string_view(big).substr(0, route_trace_bytes_max);
  detail.refused_banks = std::string_view(big).substr(0, refused_banks_bytes_max);
  detail.peer_reference = std::string_view(big).substr(0, peer_reference_bytes_max);
  detail.limit_keys = std::string_view(big).substr(0, limit_keys_bytes_max);
  std::array<char, detail_bytes_max> bytes;
  const auto size = encode_detail(detail, bytes);
  ASSERT_NE(size, 0u);
  TransferDetail back;
  EXPECT_TRUE(decode_detail({bytes.data(), size}, back));
  EXPECT_EQ(back.posted_minor, -1);
  EXPECT_EQ(back.polls, UINT32_MAX);
  EXPECT_EQ(back.cancel_by_client, 255);
  detail.idempotency_key = std::string_view(big).substr(0, idempotency_key_bytes_max + 1);
  EXPECT_EQ(encode_detail(detail, bytes), 0u) << "a text above its maximum is never cut silently";
}

TEST(States, a_final_state_never_changes) {
  for (int from = 1; from <= 8; ++from)
    for (int to = 1; to <= 8; ++to)
      if (is_final(static_cast<TransferState>(from)) && from != to) {
        EXPECT_FALSE(edge_allowed(static_cast<TransferState>(from), static_cast<TransferState>(to))) << from << "→" << to;
      }
}

TEST(States, nothing_that_was_submitted_goes_back_to_held_or_expires) {
  for (const auto from : {TransferState::submitted, TransferState::in_doubt})
    for (const auto to : {TransferState::held, TransferState::expired, TransferState::rejected, TransferState::cancelled}) EXPECT_FALSE(edge_allowed(from, to));
  EXPECT_FALSE(edge_allowed(TransferState::in_doubt, TransferState::submitted));
}

}  // namespace payswitch::daemon::transfer

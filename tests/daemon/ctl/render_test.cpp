#include "ctl/render.h"

#include <gtest/gtest.h>

#include <memory_resource>

namespace payswitch::daemon::ctl {
namespace {

std::string rendered(std::string_view text) {
  std::pmr::monotonic_buffer_resource arena;
  json::Value value;
  json::ParseError error;
  if (!json::parse(text, arena, value, error)) return "not JSON";
  return render(value);
}

}  // namespace

TEST(render, money_is_written_with_its_decimals) {
  EXPECT_EQ(decimal("15025", 2), "150.25");
  EXPECT_EQ(decimal("5", 2), "0.05");
  EXPECT_EQ(decimal("-5", 2), "-0.05");
  EXPECT_EQ(decimal("0", 3), "0.000");
  EXPECT_EQ(decimal("15000", 0), "15000");
  EXPECT_EQ(decimal("170141183460469231731687303715884105727", 2), "1701411834604692317316873037158841057.27");
  EXPECT_EQ(decimal("1e3", 2), "1e3");
  EXPECT_EQ(rendered(R"({"balance":{"minor":"15025","currency":"USD","exponent":2}})"), "balance: 150.25 USD\n");
}

TEST(render, a_list_is_a_table_with_numbers_to_the_right) {
  EXPECT_EQ(rendered(R"({"accounts":[{"number":"mj-1","balance":{"minor":"5","currency":"KRW","exponent":0}},
                        {"number":"mj-22","balance":{"minor":"15000","currency":"KRW","exponent":0},"status":"open"}],"next":"c1"})"),
            "number    balance  status\n"
            "mj-1        5 KRW\n"
            "mj-22   15000 KRW  open\n"
            "more: --after c1\n");
  EXPECT_EQ(rendered(R"({"accounts":[]})"), "(none)\n");
}

TEST(render, rows_with_lists_of_their_own_stand_one_below_the_other) {
  EXPECT_EQ(rendered(R"([{"id":"a","keys":[{"path":"p","doc":"d"}]},{"id":"b","doc":"","keys":[]}])"),
            "id: a\nkeys:\n  path  doc\n  p     d\n\nid:   b\ndoc:\nkeys: -\n");
}

TEST(render, objects_show_scalars_first_then_what_is_inside) {
  EXPECT_EQ(rendered(R"({"version":"1","ledger":{"id":"ab","epoch":1},"ok":true,"connectors":[{"name":"books","state":"up"}],"none":null})"),
            "version: 1\n"
            "ok:      yes\n"
            "none:    -\n"
            "ledger:\n"
            "  id:    ab\n"
            "  epoch: 1\n"
            "connectors:\n"
            "  name   state\n"
            "  books  up\n");
}

TEST(render, text_of_several_lines_stays_as_it_is) {
  EXPECT_EQ(rendered("\"a\\nb\\n\""), "a\nb\n");
  EXPECT_EQ(rendered("{\"why\":\"one\\ntwo\"}"), "why: one\n  two\n");
}

TEST(render, origins_of_the_configuration_are_comments) {
  EXPECT_EQ(rendered(R"({"switch":{"bank":{"value":"mj","origin":"p.toml:2:8"},"prefix":{"value":["a","b"],"origin":"default"}}})"),
            "switch:\n  bank:   mj  # p.toml:2:8\n  prefix: a, b  # default\n");
}

TEST(render, control_characters_never_reach_the_terminal) {
  EXPECT_EQ(rendered("{\"x\":\"a\\u001b[2Jb\\u0007\"}"), "x: a?[2Jb?\n");
}

TEST(render, columns_count_characters_not_bytes) {
  EXPECT_EQ(rendered(R"([{"a":"é","b":1},{"a":"xyz","b":2}])"), "a    b\né    1\nxyz  2\n");
}

}  // namespace payswitch::daemon::ctl

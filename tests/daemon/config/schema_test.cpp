#include <gtest/gtest.h>

#include "support.h"

namespace payswitch::daemon::config {
namespace {

// Checks `text` against a plugin's keys; the problems line by line, the options in `out`.
template <class Keys>
std::string check(const Keys& keys, std::string_view text, OptionTree* out = nullptr) {
  Problems problems;
  std::optional<Node> table = parse_toml(text, "f", problems);
  const auto specs = key_specs(std::span<const psw_key>(keys));
  if (!specs.ok()) return specs.error().message;
  const MapEnvironment environment;
  CheckContext context;
  context.environment = &environment;
  context.base_directory = "/base";
  context.currencies = {{"USD", 2}, {"KRW", 0}};
  check_table(*table, "connector.c", *specs, context, problems);
  if (out != nullptr) *out = OptionTree(*table, "connector.c.options", context.currencies);
  std::string lines;
  for (const Problem& problem : problems.sorted()) lines += problem.to_string() + "\n";
  return lines;
}

constexpr auto flat = schema(path("directory").required().doc("where the books lie"), boolean("sync").def("true"),
                             integer("lanes").def("2").range("1..8"), duration("timeout").def("2s").range("100ms..30s"),
                             size("segment").def("64MiB"), choice("mode", "fast|safe").def("safe"), text("label").range("[a-z]+"), money("floor"));
constexpr auto nested = schema(url("peer[].url").required(), duration("peer[].timeout").def("1s"), list("peer").range("1..2"),
                               text("brokers[]").range("[a-z]+:[0-9]+"), text("librdkafka.*"), text("tls.ca"), table("tls"));

}  // namespace

TEST(schema, an_unknown_key_is_refused_with_the_nearest_name) {
  EXPECT_EQ(check(flat, "directory = \"d\"\nfsnyc = true\n"), "f:2:1: connector.c.fsnyc: unknown key, did you mean \"sync\"?\n");
  EXPECT_EQ(check(schema(boolean("a")), "zebra = 1"), "f:1:1: connector.c.zebra: unknown key; known here: a\n");
}

TEST(schema, all_problems_are_reported_at_once_in_the_order_of_the_file) {
  EXPECT_EQ(check(flat, "lanes = 9\nsync = 1\ntimeout = \"1h\"\nmode = \"sfae\"\nlabel = \"A\"\nsegment = 1.5\n"),
            "f:1:1: connector.c.directory: missing, but required: where the books lie\n"
            "f:1:9: connector.c.lanes: 9 is above the maximum 8\n"
            "f:2:8: connector.c.sync: expected true or false, found an integer\n"
            "f:3:11: connector.c.timeout: \"1h\" is above the maximum \"30s\"\n"
            "f:4:8: connector.c.mode: expected one of \"fast\", \"safe\", found \"sfae\"; did you mean \"safe\"?\n"
            "f:5:9: connector.c.label: \"A\" does not match [a-z]+\n"
            "f:6:11: connector.c.segment: expected a size such as \"64KiB\", found a number with a fraction\n");
}

TEST(schema, defaults_are_filled_in_and_values_converted) {
  OptionTree options;
  ASSERT_EQ(check(flat, "directory = \"books\"\ntimeout = \"150ms\"\nfloor = \"150.25 USD\"\n", &options), "");
  EXPECT_EQ(options.get("directory", ValueType::path)->text, "/base/books");
  EXPECT_EQ(options.get("timeout", ValueType::duration)->integer, 150'000'000);
  EXPECT_EQ(options.get("sync", ValueType::boolean)->integer, 1);
  EXPECT_EQ(options.get("segment", ValueType::size)->integer, 64 << 20);
  const OptionValue floor = *options.get("floor", ValueType::money);
  EXPECT_EQ(floor.integer, 15'025);
  EXPECT_EQ(floor.text, "USD");
  EXPECT_EQ(floor.exponent, 2);
  EXPECT_FALSE(options.has("label"));
}

TEST(schema, money_of_a_plugin_names_a_configured_currency) {
  EXPECT_EQ(check(schema(money("floor")), "floor = \"150.25\""), "f:1:9: connector.c.floor: expected an amount and a currency, such as \"150.25 USD\"\n");
  EXPECT_EQ(check(schema(money("floor")), "floor = \"1 EUR\""), "f:1:9: connector.c.floor: currency \"EUR\" is not in switch.currencies\n");
  EXPECT_EQ(check(schema(money("floor")), "floor = \"1.5 KRW\""), "f:1:9: connector.c.floor: expected an amount with at most 0 decimals, at most 10^15 minor units\n");
}

TEST(schema, lists_of_tables_and_free_tables_are_walked) {
  OptionTree options;
  ASSERT_EQ(check(nested, "brokers = [\"a:1\", \"b:2\"]\npeer = [{ url = \"https://a\" }, { url = \"https://b\", timeout = \"3s\" }]\nlibrdkafka.linger.ms = \"5\"\n", &options), "");
  EXPECT_EQ(options.get("peer", ValueType::list)->count, 2u);
  EXPECT_EQ(options.get("peer[1].timeout", ValueType::duration)->integer, 3'000'000'000);
  EXPECT_EQ(options.get("peer[0].timeout", ValueType::duration)->integer, 1'000'000'000);
  EXPECT_EQ(options.get("brokers[1]", ValueType::string)->text, "b:2");
  EXPECT_EQ(options.get("librdkafka.linger.ms", ValueType::string)->text, "5");
  EXPECT_FALSE(options.has("tls")) << "a table with a line of its own may be left out";
}

TEST(schema, problems_inside_lists_are_named_by_element) {
  EXPECT_EQ(check(nested, "brokers = [\"a:1\", \"B\"]\npeer = [{ timeout = \"1s\" }, { url = \"x\" }, { name = \"q\", url = \"http://h\" }]\n"),
            "f:1:19: connector.c.brokers[1]: \"B\" does not match [a-z]+:[0-9]+\n"
            "f:2:8: connector.c.peer: number of elements: 3 is above the maximum 2\n"
            "f:2:9: connector.c.peer[0].url: missing, but required\n"
            "f:2:37: connector.c.peer[1].url: expected a URL such as \"https://bank.example:8443\"\n"
            "f:2:46: connector.c.peer.q.name: unknown key; known here: url, timeout\n");
}

TEST(schema, a_deprecated_key_still_works_and_says_what_to_write) {
  constexpr auto keys = schema(text("endpoint").deprecated("url"), text("url"));
  OptionTree options;
  EXPECT_EQ(check(keys, "endpoint = \"e\"", &options), "f:1:1: connector.c.endpoint: warning: deprecated, write \"url\"\n");
  EXPECT_EQ(options.get("url", ValueType::string)->text, "e");
  EXPECT_NE(check(keys, "endpoint = \"e\"\nurl = \"u\"").find("both this key and its successor"), std::string::npos);
}

TEST(schema, a_key_table_that_makes_no_sense_is_the_plugins_error) {
  EXPECT_EQ(check(schema(text("a..b")), ""), "the plugin's key table is wrong at \"a..b\": an empty or misspelt segment");
  EXPECT_EQ(check(schema(key("a", 99)), ""), "the plugin's key table is wrong at \"a\": its type is none this daemon knows");
  EXPECT_EQ(check(schema(text("a"), text("a")), ""), "the plugin's key table is wrong at \"a\": it stands there twice");
  EXPECT_EQ(check(schema(text("a").required().def("x")), ""), "the plugin's key table is wrong at \"a\": required and a default exclude each other");
  EXPECT_EQ(check(schema(text("a").range("(")), "a = \"x\""), "f:1:5: connector.c.a: the key table's pattern \"(\" is no regular expression\n");
  EXPECT_EQ(check(schema(integer("a").def("x")), ""), "connector.c.a: the key table's default \"x\" is no integer\n");
}

TEST(schema, a_key_table_of_a_later_abi_with_longer_elements_is_read_by_its_stride) {
  struct Longer {
    psw_key key;
    std::uint64_t later;
  };
  const Longer rows[2] = {{text("first").abi, 1}, {text("second").abi, 2}};
  const auto specs = key_specs(psw_list{rows, 2, sizeof(Longer)});
  ASSERT_TRUE(specs.ok());
  EXPECT_EQ((*specs)[1].path, "second");
}

}  // namespace payswitch::daemon::config

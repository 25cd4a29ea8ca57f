// What the reader refuses and where it says so; what the writer writes.
#include "base/json.h"

#include <array>

#include <gtest/gtest.h>

namespace payswitch::daemon::json {
namespace {

class Json : public ::testing::Test {
 protected:
  bool read(std::string_view text, const ParseLimits& limits = {}) { return parse(text, arena_, value_, error_, limits); }
  // Reason and place of a refusal, or "accepted".
  std::string refusal(std::string_view text) {
    if (read(text)) return "accepted";
    return std::string(error_.where()) + " " + std::string(to_string(error_.reason));
  }

  std::pmr::monotonic_buffer_resource arena_;
  Value value_;
  ParseError error_;
};

TEST_F(Json, every_kind_of_value_is_read) {
  const std::string_view text = R"({"s":"a\u00e9\n","i":-5,"u":18446744073709551615,"t":true,"f":false,"n":null,"a":[1,[],{}],"o":{"x":"y"}})";
  ASSERT_TRUE(read(text));
  EXPECT_EQ(value_.members().size(), 8U);
  EXPECT_EQ(value_.find("s")->string(), "a\xc3\xa9\n");
  std::int64_t number = 0;
  EXPECT_TRUE(value_.find("i")->to_int64(number));
  EXPECT_EQ(number, -5);
  std::uint64_t large = 0;
  EXPECT_FALSE(value_.find("u")->to_int64(number));
  EXPECT_TRUE(value_.find("u")->to_uint64(large));
  EXPECT_EQ(large, UINT64_MAX);
  EXPECT_FALSE(value_.find("i")->to_uint64(large));
  EXPECT_TRUE(value_.find("t")->boolean());
  EXPECT_FALSE(value_.find("f")->boolean());
  EXPECT_TRUE(value_.find("n")->is_null());
  EXPECT_EQ(value_.find("a")->array().size(), 3U);
  EXPECT_EQ(value_.find("o")->find("x")->string(), "y");
  EXPECT_EQ(value_.find("missing"), nullptr);
}

TEST_F(Json, text_without_escapes_is_not_copied) {
  const std::string text = R"({"name":"value"})";
  ASSERT_TRUE(read(text));
  EXPECT_GE(value_.find("name")->string().data(), text.data());
  EXPECT_LT(value_.find("name")->string().data(), text.data() + text.size());
}

TEST_F(Json, a_scalar_alone_and_blanks_around_are_values) {
  EXPECT_TRUE(read(" \r\n\t 7 \n"));
  EXPECT_TRUE(read("\"x\""));
}

TEST_F(Json, A7_depth_of_a_hundred_thousand_is_refused) {
  EXPECT_FALSE(read(std::string(100'000, '[')));
  EXPECT_EQ(error_.reason, Reason::too_deep);
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_FALSE(read(objects));
  EXPECT_EQ(error_.reason, Reason::too_deep);
}

TEST_F(Json, A7_depth_up_to_the_limit_is_read) {
  const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  EXPECT_TRUE(read(nested(32)));
  EXPECT_FALSE(read(nested(33)));
  EXPECT_EQ(error_.reason, Reason::too_deep);
}

TEST_F(Json, A7_a_duplicate_member_is_refused_and_named) {
  EXPECT_EQ(refusal(R"({"amount":"1","amount":"2"})"), "/amount is given twice");
  EXPECT_EQ(refusal(R"({"a":[{"x":1},{"y":{"z":1,"z":1}}]})"), "/a/1/y/z is given twice");
  EXPECT_EQ(refusal(R"({"amount":1,"\u0061mount":2})"), "/amount is given twice");
  EXPECT_EQ(refusal(R"({"a":{"a":{"a":1}}})"), "accepted");
}

TEST_F(Json, A7_a_duplicate_among_many_members_is_found_without_quadratic_work) {
  std::string text = "{";
  for (int i = 0; i < 10'000; ++i) text += "\"m" + std::to_string(i) + "\":0,";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(refusal(text + "\"m77\":1}"), "/m77 is given twice");
  EXPECT_EQ(refusal(text + "\"x\":1}"), "accepted");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

TEST_F(Json, A7_numbers_that_are_not_integers_of_64_bits_are_refused) {
  for (const char* number : {"1e400", "-1e400", "1e0", "0.1", "1.0", "1E5", "18446744073709551616", "-9223372036854775809", "1e-1", "99999999999999999999999999"}) {
    EXPECT_EQ(refusal(std::string(R"({"a":[0,)") + number + "]}"), "/a/1 is not an integer of at most 64 bits") << number;
  }
  for (const char* number : {"0", "-0", "18446744073709551615", "-9223372036854775808"}) EXPECT_TRUE(read(number)) << number;
  for (const char* number : {"01", "+1", "1.", ".5", "--1", "0x1", "NaN", "Infinity", "1e", "-"}) EXPECT_FALSE(read(number)) << number;
}

TEST_F(Json, A7_text_that_is_not_utf8_is_refused) {
  for (const char* bytes : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "a\x80"}) {
    EXPECT_FALSE(read(std::string("{\"a\":\"") + bytes + "\"}"));
    EXPECT_EQ(error_.reason, Reason::invalid_utf8);
    EXPECT_FALSE(read(std::string("{\"") + bytes + "\":1}"));
  }
  EXPECT_FALSE(read(R"("\ud800")"));
  EXPECT_FALSE(read(R"("\ud800\u0041")"));
  EXPECT_TRUE(read(R"("\ud83d\ude00")"));
  EXPECT_EQ(value_.string(), "\xf0\x9f\x98\x80");
}

TEST_F(Json, bytes_behind_the_value_nothing_and_halves_are_refused) {
  EXPECT_EQ(refusal("{} {}"), " is followed by more bytes");
  EXPECT_EQ(refusal("{}x"), " is followed by more bytes");
  EXPECT_EQ(refusal(""), " is empty");
  EXPECT_EQ(refusal(" \n"), " is empty");
  EXPECT_EQ(refusal(std::string_view("{}\0", 3)), " is followed by more bytes");
  for (const char* text : {"{", "[1,", "{\"a\"", "{\"a\":", "\"a", "tru", "{\"a\":1,}", "[1,]", "{a:1}", "{'a':1}", "// x\n1", "[1 2]", "\"\t\""}) {
    EXPECT_FALSE(read(text)) << text;
    EXPECT_EQ(error_.reason, Reason::syntax) << text;
  }
}

TEST_F(Json, an_exhausted_arena_and_too_many_values_are_refusals_not_exceptions) {
  std::array<std::byte, 4096> memory;
  std::pmr::monotonic_buffer_resource small(memory.data(), memory.size(), std::pmr::null_memory_resource());
  std::string text = "[0";
  for (int i = 0; i < 1'000; ++i) text += ",0";
  text += "]";
  EXPECT_FALSE(parse(text, small, value_, error_));
  EXPECT_EQ(error_.reason, Reason::too_large);
  EXPECT_FALSE(read("[1,2,3]", {32, 3}));
  EXPECT_EQ(error_.reason, Reason::too_large);
  EXPECT_TRUE(read("[1,2]", {32, 3}));
}

TEST_F(Json, a_long_path_keeps_its_end) {
  std::string text;
  for (int i = 0; i < 20; ++i) text += "{\"member-number-" + std::to_string(i) + "\":";
  EXPECT_FALSE(read(text + "1.5"));
  EXPECT_EQ(error_.where().substr(0, 3), "…");
  EXPECT_NE(error_.where().find("/member-number-19"), std::string_view::npos);
  EXPECT_LT(error_.where().size(), sizeof error_.path);
}

TEST(JsonWriter, objects_and_arrays_get_their_commas) {
  std::pmr::monotonic_buffer_resource arena;
  Writer writer(arena, 8);
  writer.begin_object().member("a", "x").key("b").begin_array().integer(-1).unsigned_integer(UINT64_MAX).boolean(true).null().begin_object().end_object().end_array();
  writer.member_integer_string("amount", 15000).key("raw").raw("[1]").end_object();
  ASSERT_TRUE(writer.ok());
  EXPECT_EQ(writer.text(), R"({"a":"x","b":[-1,18446744073709551615,true,null,{}],"amount":"15000","raw":[1]})");
}

TEST(JsonWriter, what_it_writes_is_read_back_equal) {
  std::pmr::monotonic_buffer_resource arena;
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  all += "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
  Writer writer(arena);
  writer.begin_object().key(all).string(all).end_object();
  Value value;
  ParseError error;
  ASSERT_TRUE(parse(writer.text(), arena, value, error)) << to_string(error.reason);
  EXPECT_EQ(value.members()[0].name, all);
  EXPECT_EQ(value.members()[0].value.string(), all);
}

TEST(JsonWriter, bytes_that_are_not_utf8_are_replaced) {
  std::array<char, 64> memory;
  Writer writer(memory);
  writer.string("a\xff" "b\xc0");
  EXPECT_EQ(writer.text(), "\"a\xef\xbf\xbd" "b\xef\xbf\xbd\"");
}

TEST(JsonWriter, every_byte_at_every_place_of_a_text_is_written_by_the_rule) {
  for (unsigned c = 0; c < 256; ++c) {
    for (std::size_t at = 0; at < 20; ++at) {
      std::string text(20, 'x');
      text[at] = static_cast<char>(c);
      std::string expected;
      if (c == '"' || c == '\\') expected = {'\\', static_cast<char>(c)};
      else if (c == '\n') expected = "\\n";
      else if (c == '\r') expected = "\\r";
      else if (c == '\t') expected = "\\t";
      else if (c < 0x20) expected = std::string("\\u00") + "0123456789abcdef"[c >> 4] + "0123456789abcdef"[c & 15];
      else if (c >= 0x80) expected = "\xef\xbf\xbd";  // alone it is no UTF-8
      else expected = static_cast<char>(c);
      std::array<char, 256> memory;
      Writer out(memory);
      out.string(text);
      EXPECT_EQ(out.text(), '"' + text.substr(0, at) + expected + text.substr(at + 1) + '"') << "byte " << c << " at " << at;
    }
  }
}

TEST(JsonWriter, memory_that_is_full_is_a_failure_and_never_half_a_text) {
  std::array<char, 10> memory;
  Writer writer(memory);
  writer.begin_object().member("key", "a long value").end_object();
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(writer.text(), "");
  writer.clear();
  writer.begin_array().integer(1).end_array();
  EXPECT_EQ(writer.text(), "[1]");
}

}  // namespace
}  // namespace payswitch::daemon::json

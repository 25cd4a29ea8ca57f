#include "control/request.h"

#include <gtest/gtest.h>

namespace payswitch::daemon::control {
namespace {

std::string refusal_of(std::string_view line) {
  Request request;
  Refusal refusal;
  if (read_request(line, request, refusal)) return "accepted";
  return std::string(refusal.code) + ": " + refusal.message;
}

}  // namespace

TEST(request, a_command_with_its_arguments_is_read) {
  Request request;
  Refusal refusal;
  ASSERT_TRUE(read_request(R"({"command":"account freeze","args":{"number":"mj-1","side":"debit"}})", request, refusal)) << refusal.message;
  EXPECT_EQ(request.command->name, "account freeze");
  EXPECT_EQ(request.argument("number"), "mj-1");
  EXPECT_EQ(request.argument("side"), "debit");
  EXPECT_EQ(request.argument("absent", "x"), "x");
}

TEST(request, flags_are_booleans) {
  Request request;
  Refusal refusal;
  ASSERT_TRUE(read_request(R"({"command":"config show","args":{"origin":true}})", request, refusal));
  EXPECT_TRUE(request.flag("origin"));
  EXPECT_EQ(refusal_of(R"({"command":"config show","args":{"origin":"yes"}})"), "invalid: argument \"origin\" must be a boolean");
}

TEST(request, what_does_not_fit_the_table_is_refused_by_name) {
  EXPECT_EQ(refusal_of(R"({"command":"account delete"})"), "invalid: there is no command \"account delete\"");
  EXPECT_EQ(refusal_of(R"({"command":"account show"})"), "invalid: argument \"number\" is missing");
  EXPECT_EQ(refusal_of(R"({"command":"account show","args":{"number":"1","side":"x"}})"), "invalid: command \"account show\" has no argument \"side\"");
  EXPECT_EQ(refusal_of(R"({"command":"account freeze","args":{"number":"1","side":"up"}})"), "invalid: argument \"side\" is \"up\", possible are debit|credit|both");
  EXPECT_EQ(refusal_of(R"({"command":"account show","args":{"number":1}})"), "invalid: argument \"number\" must be a string");
  EXPECT_EQ(refusal_of(R"({"command":"status","more":1})"), "invalid: unknown member \"more\"");
}

TEST(request, what_is_no_json_object_is_refused) {
  for (const char* line : {"", "{", "[]", "3", "{\"command\":3}", "{\"command\":\"status\",\"args\":[]}", "{\"command\":\"status\",\"command\":\"health\"}"})
    EXPECT_TRUE(refusal_of(line).starts_with("invalid: ")) << line;
}

TEST(request, answers_are_one_line_each) {
  EXPECT_EQ(ok_line("[1]"), "{\"ok\":true,\"result\":[1]}\n");
  EXPECT_EQ(error_line("refused", "a \"b\"\nc"), "{\"ok\":false,\"error\":{\"code\":\"refused\",\"message\":\"a \\\"b\\\"\\nc\"}}\n");
}

}  // namespace payswitch::daemon::control

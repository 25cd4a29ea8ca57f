// Lines, levels, sinks.
#include "base/log.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <sstream>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/secret.h"

namespace payswitch::daemon {
namespace {

constexpr Message told{"PSW-TEST-001", Severity::notice, "it happened", "Nothing to do."};
constexpr Message detail{"PSW-TEST-002", Severity::debug, "a detail", "Only for the curious."};

struct Lines {
  Lines() : logger(clock, std::make_unique<MemorySink>()), sink(static_cast<MemorySink&>(logger.sink())) {}
  ManualClock clock;
  Logger logger;
  MemorySink& sink;
};

TEST(Log, a_line_is_one_json_object_with_time_id_severity_text_and_values) {
  Lines lines;
  lines.logger.write(told, {{"count", 3}, {"large", UINT64_MAX}, {"below", -2}, {"flag", true}, {"name", "x"}});
  ASSERT_EQ(lines.sink.lines().size(), 1U);
  EXPECT_EQ(lines.sink.lines()[0], R"({"time":"2025-06-15T15:06:40.000Z","id":"PSW-TEST-001","severity":"notice","text":"it happened","count":3,"large":18446744073709551615,"below":-2,"flag":true,"name":"x"})");
}

TEST(Log, values_from_outside_cannot_break_a_line) {
  Lines lines;
  lines.logger.write(told, {{"path", "a\"b\\c\nd\re\x01\xff"}});
  const std::string line = lines.sink.lines()[0];
  EXPECT_EQ(line.find('\n'), std::string::npos);
  std::pmr::monotonic_buffer_resource arena;
  json::Value value;
  json::ParseError error;
  ASSERT_TRUE(json::parse(line, arena, value, error));
  EXPECT_EQ(value.find("path")->string(), "a\"b\\c\nd\re\x01\xef\xbf\xbd");
}

TEST(Log, a_line_that_would_be_too_long_stays_valid_and_says_so) {
  Lines lines;
  const std::string big(1024, 'x');
  lines.logger.write(told, {{"a", big}, {"b", big}, {"c", big}, {"d", big}, {"e", big}});
  std::pmr::monotonic_buffer_resource arena;
  json::Value value;
  json::ParseError error;
  const std::string line = lines.sink.lines()[0];
  ASSERT_TRUE(json::parse(line, arena, value, error));
  EXPECT_NE(value.find("a"), nullptr);
  EXPECT_EQ(value.find("e"), nullptr);
  EXPECT_TRUE(value.find("cut")->boolean());
}

TEST(Log, the_level_filters_and_can_be_changed) {
  Lines lines;
  lines.logger.write(detail);
  EXPECT_EQ(lines.sink.lines().size(), 0U);
  lines.logger.set_level(Severity::debug);
  lines.logger.write(detail);
  EXPECT_EQ(lines.sink.count("PSW-TEST-002"), 1U);
  Severity severity{};
  EXPECT_TRUE(severity_from_string("warning", severity));
  EXPECT_EQ(severity, Severity::warning);
  EXPECT_FALSE(severity_from_string("loud", severity));
}

TEST(Log, a_throttle_lets_one_line_an_interval_through_and_counts_the_rest) {
  LogThrottle throttle(1'000);
  std::uint64_t suppressed = 0;
  EXPECT_TRUE(throttle.allow(5'000, suppressed));
  EXPECT_EQ(suppressed, 0U);
  for (int i = 0; i < 7; ++i) EXPECT_FALSE(throttle.allow(5'999, suppressed));
  EXPECT_TRUE(throttle.allow(6'000, suppressed));
  EXPECT_EQ(suppressed, 7U);
}

TEST(Log, json_lines_reach_their_descriptor) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Fd reading(ends[0]);
  const Fd writing(ends[1]);
  ManualClock clock;
  {
    Logger logger(clock, make_json_sink(writing.get()));
    for (int i = 0; i < 3; ++i) logger.write(told, {{"i", i}});
    logger.flush();
  }
  std::array<char, 4096> bytes;
  const ssize_t got = ::read(reading.get(), bytes.data(), bytes.size());
  ASSERT_GT(got, 0);
  const std::string text(bytes.data(), static_cast<std::size_t>(got));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_NE(text.find("\"i\":2}\n"), std::string::npos);
}

TEST(Log, a_reader_that_sleeps_holds_nobody_up_and_what_is_lost_is_counted) {
  int ends[2];
  std::signal(SIGPIPE, SIG_IGN);
  ASSERT_EQ(::pipe(ends), 0);
  Fd reading(ends[0]);
  const Fd writing(ends[1]);
  ManualClock clock;
  Logger logger(clock, make_json_sink(writing.get()));
  const std::string big(1000, 'x');
  for (int i = 0; i < 3'000; ++i) logger.write(told, {{"big", big}});
  EXPECT_GT(logger.dropped(), 0U);
  reading.reset();  // the writing thread fails with EPIPE and ends
}

TEST(Log, journald_gets_native_fields) {
  const std::string path = ::testing::TempDir() + "journal_socket_" + std::to_string(::getpid());
  ::unlink(path.c_str());
  const Fd server(::socket(AF_UNIX, SOCK_DGRAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  auto sink = make_journald_sink(path.c_str());
  ASSERT_NE(sink, nullptr);
  ManualClock clock;
  Logger logger(clock, std::move(sink));
  logger.write(told, {{"transfer_id", "01ABC"}, {"count", 3}, {"lines", "a\nb"}});
  std::array<char, 4096> bytes;
  const ssize_t got = ::recv(server.get(), bytes.data(), bytes.size(), 0);
  ASSERT_GT(got, 0);
  const std::string datagram(bytes.data(), static_cast<std::size_t>(got));
  EXPECT_NE(datagram.find("MESSAGE=it happened\nPRIORITY=5\nPSW_ID=PSW-TEST-001\n"), std::string::npos);
  EXPECT_NE(datagram.find("TRANSFER_ID=01ABC\nCOUNT=3\n"), std::string::npos);
  EXPECT_NE(datagram.find(std::string("LINES\n\x03\0\0\0\0\0\0\0a\nb\n", 18)), std::string::npos);
  ::unlink(path.c_str());
  EXPECT_EQ(make_journald_sink("/nonexistent/socket"), nullptr);
}

TEST(Secret, prints_stars_and_reveals_only_on_request) {
  const Secret<std::string> secret(std::string("hunter2"));
  std::ostringstream out;
  out << secret;
  EXPECT_EQ(out.str(), "***");
  EXPECT_EQ(secret.reveal(), "hunter2");
  static_assert(!std::is_convertible_v<Secret<std::string>, std::string>);
  static_assert(!std::is_constructible_v<LogField, std::string_view, Secret<std::string>>);
}

}  // namespace
}  // namespace payswitch::daemon

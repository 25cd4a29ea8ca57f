// Encodings, numbers, files and Unix sockets.
#include <filesystem>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

namespace payswitch::daemon {
namespace {

std::span<const unsigned char> bytes(std::string_view text) { return {reinterpret_cast<const unsigned char*>(text.data()), text.size()}; }

class Directory {
 public:
  Directory() : path_(::testing::TempDir() + "base_" + std::to_string(::getpid())) { std::filesystem::create_directories(path_); }
  ~Directory() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::size_t count() const { return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {})); }

 private:
  std::string path_;
};

TEST(Text, hex_goes_both_ways_and_refuses_what_is_not) {
  EXPECT_EQ(hex(bytes("\x01\xab")), "01ab");
  unsigned char out[2];
  EXPECT_TRUE(from_hex("01AB", out));
  EXPECT_EQ(out[1], 0xab);
  EXPECT_FALSE(from_hex("01a", out));
  EXPECT_FALSE(from_hex("01ag", out));
}

TEST(Text, base64_agrees_with_rfc_4648) {
  EXPECT_EQ(base64(bytes("foobar")), "Zm9vYmFy");
  EXPECT_EQ(base64(bytes("fooba")), "Zm9vYmE=");
  EXPECT_EQ(base64(bytes("foob")), "Zm9vYg==");
  EXPECT_EQ(base64url(bytes("\xfb\xff")), "-_8");
  std::string out;
  for (const std::string_view text : {"", "f", "fo", "foo", "foob", "\xfb\xff\xfe"}) {
    ASSERT_TRUE(from_base64url(base64url(bytes(text)), out));
    EXPECT_EQ(out, text);
  }
}

TEST(Text, base64url_is_canonical_only) {
  std::string out;
  for (const char* text : {"Zg==", "Zh", "Z", "Zm9 ", "+/8", "Zm9vYmF*"}) EXPECT_FALSE(from_base64url(text, out)) << text;
}

TEST(Text, decimals_are_exact) {
  std::uint64_t value = 0;
  EXPECT_TRUE(parse_decimal("18446744073709551615", value));
  EXPECT_EQ(value, UINT64_MAX);
  EXPECT_TRUE(parse_decimal("0", value));
  for (const char* text : {"", "00", "01", "-1", "+1", "1 ", " 1", "18446744073709551616", "1e3", "1.0"}) EXPECT_FALSE(parse_decimal(text, value)) << text;
  char digits[24];
  EXPECT_EQ(std::string(digits, format_decimal(INT64_MIN, digits)), "-9223372036854775808");
}

TEST(Text, comparison_and_distance) {
  EXPECT_TRUE(equal_ignoring_case("Content-Length", "content-LENGTH"));
  EXPECT_FALSE(equal_ignoring_case("a", "ab"));
  EXPECT_TRUE(equal_in_constant_time("secret", "secret"));
  EXPECT_FALSE(equal_in_constant_time("secret", "secreT"));
  EXPECT_FALSE(equal_in_constant_time("secret", "secre"));
  EXPECT_EQ(edit_distance("fsnyc", "fsync"), 2U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(trim(" \t a b \r\n"), "a b");
}

TEST(File, a_whole_file_is_read_up_to_a_limit) {
  const Directory directory;
  ASSERT_TRUE(write_file_atomic(directory.file("a"), std::string(100, 'x')).ok());
  EXPECT_EQ(read_file(directory.file("a"), 100).value().size(), 100U);
  const auto large = read_file(directory.file("a"), 99);
  ASSERT_FALSE(large.ok());
  EXPECT_NE(large.error().message.find("larger than 99 bytes"), std::string::npos);
  const auto missing = read_file(directory.file("b"), 100);
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().message.find("No such file"), std::string::npos);
}

TEST(File, an_atomic_write_replaces_sets_the_mode_and_leaves_nothing_else) {
  const Directory directory;
  ASSERT_TRUE(write_file_atomic(directory.file("a"), "old").ok());
  ASSERT_TRUE(write_file_atomic(directory.file("a"), "new", 0400).ok());
  EXPECT_EQ(read_file(directory.file("a"), 10).value(), "new");
  struct stat status{};
  ASSERT_EQ(::stat(directory.file("a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0400U);
  EXPECT_EQ(directory.count(), 1U);
  EXPECT_FALSE(write_file_atomic(directory.file("none/a"), "x").ok());
}

TEST(UnixSocket, a_stale_file_is_replaced_a_living_listener_and_other_files_are_not) {
  const Directory directory;
  const std::string path = directory.file("s");
  { const auto first = listen_unix(path, 0600); ASSERT_TRUE(first.ok()); }
  const auto second = listen_unix(path, 0660);
  ASSERT_TRUE(second.ok()) << second.error().message;
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0660U);
  const auto third = listen_unix(path, 0600);
  ASSERT_FALSE(third.ok());
  EXPECT_NE(third.error().message.find("another process"), std::string::npos);
  ASSERT_TRUE(write_file_atomic(directory.file("f"), "x").ok());
  EXPECT_FALSE(listen_unix(directory.file("f"), 0600).ok());
  EXPECT_FALSE(listen_unix(std::string(200, 'p'), 0600).ok());
}

TEST(UnixSocket, the_other_end_has_a_name) {
  const Directory directory;
  const auto server = listen_unix(directory.file("s"), 0600);
  ASSERT_TRUE(server.ok());
  const auto client = connect_unix(directory.file("s"));
  ASSERT_TRUE(client.ok());
  const Fd accepted(::accept(server->get(), nullptr, nullptr));
  const auto who = peer_credentials(accepted.get());
  ASSERT_TRUE(who.ok());
  EXPECT_EQ(who->uid, ::getuid());
  EXPECT_EQ(who->pid, ::getpid());
}

TEST(Fd, closes_what_it_owns_once) {
  Fd a(::open("/dev/null", O_RDONLY));
  const int number = a.get();
  Fd b(std::move(a));
  EXPECT_FALSE(a);
  EXPECT_EQ(b.get(), number);
  b.reset();
  EXPECT_LT(::fcntl(number, F_GETFD), 0);
}

}  // namespace
}  // namespace payswitch::daemon

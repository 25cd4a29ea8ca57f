// URLs that plugins hand to the HTTP client.
#include <gtest/gtest.h>

#include "app/http_client_bridge.h"

namespace payswitch::daemon::app {
namespace {

UrlParts parts(std::string_view url) {
  UrlParts out;
  EXPECT_EQ(split_url(url, out), "") << url;
  return out;
}
bool refused(std::string_view url) {
  UrlParts out;
  return !split_url(url, out).empty();
}

TEST(Url, scheme_host_port_and_target_are_told_apart) {
  const UrlParts full = parts("https://bank.example:8443/peer/v1/credits?after=1");
  EXPECT_TRUE(full.tls);
  EXPECT_EQ(full.host, "bank.example");
  EXPECT_EQ(full.port, 8443);
  EXPECT_EQ(full.target, "/peer/v1/credits?after=1");
}

TEST(Url, ports_and_paths_have_their_defaults) {
  EXPECT_EQ(parts("http://bank.example").port, 80);
  EXPECT_EQ(parts("https://bank.example").port, 443);
  EXPECT_EQ(parts("https://bank.example").target, "/");
}

TEST(Url, an_address_of_version_6_stands_in_brackets) {
  const UrlParts v6 = parts("http://[::1]:9000/x");
  EXPECT_EQ(v6.host, "::1");
  EXPECT_EQ(v6.port, 9000);
  EXPECT_EQ(parts("http://[::1]/").port, 80);
}

TEST(Url, what_could_mean_two_things_is_refused) {
  for (const char* url : {"", "bank.example", "ftp://bank.example/", "http://", "http:///x", "http://user@bank.example/", "http://bank.example:0/", "http://bank.example:65536/", "http://bank.example:/",
                          "http://bank.example:80x/", "http://[::1/", "http://[::1]x/", "http://bank.example?x", "http://bank.example/#part", "http://bank.example/a b",
                          "http://bank.example/\r\nHost: other"})
    EXPECT_TRUE(refused(url)) << url;
}

}  // namespace
}  // namespace payswitch::daemon::app

#include <gtest/gtest.h>

#include "support.h"

namespace payswitch::daemon::config {
namespace {

std::string with_sign(std::string_view value, std::string_view more = "") {
  std::string text(smallest);
  text.insert(text.find("[[connector]]"), "sign = { k1 = \"" + std::string(value) + "\" }\n");
  return text + std::string(more);
}

}  // namespace

TEST(credentials, come_from_the_systemd_directory) {
  const Folder folder;
  folder.write("sign.pem", "PEM\n");
  MapEnvironment environment;
  environment.values["CREDENTIALS_DIRECTORY"] = folder.path;
  const LoadResult result = load_with(with_sign("${cred:sign.pem}"), &environment);
  ASSERT_TRUE(result.config.has_value()) << result.report();
  EXPECT_EQ(result.config->self.sign.at(0).pem.reveal(), "PEM");
}

TEST(credentials, a_listed_file_that_others_can_read_is_refused) {
  const Folder folder;
  const std::string file = folder.write("sign.pem", "PEM\n", 0440);
  const LoadResult result = load_with(with_sign("${cred:key}", "[credentials]\nkey = \"" + file + "\"\n"));
  EXPECT_FALSE(result.config.has_value());
  EXPECT_NE(result.report().find("p.toml:6:15: switch.sign.k1: credential \"key\": " + file + ": mode 0440 lets others read it"), std::string::npos) << result.report();
}

// systemd gives the service's user access by an ACL, whose mask shows as group bits.
TEST(credentials, of_systemd_may_show_group_bits_but_none_for_others) {
  const Folder folder;
  MapEnvironment environment;
  environment.values["CREDENTIALS_DIRECTORY"] = folder.path;
  folder.write("key", "PEM\n", 0440);
  EXPECT_TRUE(load_with(with_sign("${cred:key}"), &environment).config.has_value());
  folder.write("key2", "PEM\n", 0404);
  EXPECT_FALSE(load_with(with_sign("${cred:key2}"), &environment).config.has_value());
}

TEST(credentials, a_secret_in_the_file_or_from_the_environment_is_refused_and_not_repeated) {
  MapEnvironment environment;
  environment.values["KEY"] = "CANARY";
  for (const char* value : {"CANARY", "${env:KEY}", "x${cred:key}"}) {
    const LoadResult result = load_with(with_sign(value), &environment);
    EXPECT_FALSE(result.config.has_value());
    EXPECT_NE(result.report().find("a secret is never written in the file"), std::string::npos) << result.report();
    EXPECT_EQ(result.report().find("CANARY"), std::string::npos);
  }
}

TEST(credentials, a_name_cannot_leave_its_directory) {
  MapEnvironment environment;
  environment.values["CREDENTIALS_DIRECTORY"] = "/tmp";
  for (const char* name : {"../etc/passwd", "a/b", ".hidden", ""})
    EXPECT_NE(load_with(with_sign("${cred:" + std::string(name) + "}"), &environment).report().find("is no name of a credential"), std::string::npos) << name;
}

TEST(credentials, a_file_reference_is_judged_like_a_listed_file) {
  const Folder folder;
  EXPECT_TRUE(load_with(with_sign("file:" + folder.write("ok", "PEM", 0600))).config.has_value());
  EXPECT_NE(load_with(with_sign("file:" + folder.write("open", "PEM", 0644))).report().find("mode 0644 lets others read it"), std::string::npos);
  EXPECT_NE(load_with(with_sign("file:" + folder.path)).report().find("not a regular file"), std::string::npos);
  EXPECT_NE(load_with(with_sign("file:" + folder.write("empty", ""))).report().find("empty"), std::string::npos);
}

TEST(credentials, never_appear_in_config_show) {
  const Folder folder;
  MapEnvironment environment;
  environment.values["CREDENTIALS_DIRECTORY"] = folder.path;
  folder.write("key", "CANARY\n");
  const LoadResult result = load_with(with_sign("${cred:key}"), &environment);
  ASSERT_TRUE(result.config.has_value()) << result.report();
  EXPECT_EQ(show(*result.config, true).find("CANARY"), std::string::npos);
  EXPECT_EQ(show_json(*result.config, false).find("CANARY"), std::string::npos);
  EXPECT_NE(show(*result.config, false).find("k1 = \"***\""), std::string::npos);
}

TEST(variables, are_replaced_outside_secrets_and_a_missing_one_is_named) {
  MapEnvironment environment;
  environment.values["HOME_PORT"] = "9191";
  const std::string text = std::string(smallest) + "[listen.public]\naddress = \"127.0.0.1:${env:HOME_PORT}\"\n";
  const LoadResult result = load_with(text, &environment);
  ASSERT_TRUE(result.config.has_value()) << result.report();
  EXPECT_EQ(result.config->public_listener.port, 9191);
  EXPECT_EQ(load_with(text).report(), "p.toml:11:11: listen.public.address: environment variable HOME_PORT is not set\n");
}

}  // namespace payswitch::daemon::config

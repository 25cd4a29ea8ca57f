#include <gtest/gtest.h>

#include "support.h"

namespace payswitch::daemon::config {
namespace {

// The whole file of the design's operations page, its ellipses filled in.
constexpr std::string_view whole_file = R"([switch]          # our own bank; stored with the ledger, contradiction is refused at start
bank = "mj"
prefix = "mj-"
currencies = { KRW = 0, USD = 2 }
timezone = "Asia/Seoul"                      # days of limits and statements
ledger = "books"                             # the connector that also keeps users, sessions and keys
sign = { mj-2026a = "${cred:sign.pem}" }      # our own signing keys by id
[listen.public]
address = "127.0.0.1:8080"
public_url = "https://pay.example"           # tls = { certificate = "${cred:public.crt}", key = "${cred:public.key}" }
[listen.peer]
address = "0.0.0.0:8443"
tls = { certificate = "${cred:peer.crt}", key = "${cred:peer.key}", client_ca = "/etc/payswitch/peers.pem" }
[listen.admin]
address = "127.0.0.1:9090"
[[connector]]
name = "books"
plugin = "local_ledger"
options = { directory = "/var/lib/payswitch/books" }
[bank.jh]         # clearing, suspense, limits and the unique (bank, op_id) hang here
prefix = ["jh-"]
receive_limit = { KRW = "1000000000" }
exposure = { KRW = "1000000000" }
in_doubt = { KRW = "20000000", count = 1000 }
spki = ["sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]
keys = { jh-2026a = "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", jh-2026b = "ed25519:BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" }
[[connector]]
name = "jh-http"
plugin = "peer_http"
bank = "jh"
isolation = "none"                           # none | process
queue = false                                # true: hold while it is down
not_after = "30s"
tls = { certificate = "${cred:peer.crt}", key = "${cred:peer.key}", ca = "/etc/payswitch/peers.pem" }
options = { url = "https://jh.example:8443" }
[[route]]
bank = "jh"
targets = ["jh-http"]
[[login]]
name = "google"
plugin = "google_login"
options = { issuer = "https://accounts.google.com", client_id = "client", client_secret = "${cred:google}" }
[auth]
mode = "required"                            # development: loopback only, no credential
[cash]
allow = "service"                            # owner | service | none
[limits.transfer]
KRW = { max = "50000000", per_owner_day = "100000000" }
)";

}  // namespace

TEST(load, the_whole_file_of_the_design_loads) {
  const Folder folder;
  MapEnvironment environment;
  environment.values["CREDENTIALS_DIRECTORY"] = folder.path;
  for (const char* name : {"sign.pem", "peer.crt", "peer.key", "google"}) folder.write(name, std::string("content of ") + name);
  const LoadResult result = load_with(whole_file, &environment, "/etc/payswitch/payswitch.toml");
  ASSERT_TRUE(result.config.has_value()) << result.report();
  EXPECT_EQ(result.report(), "");
  const Config& config = *result.config;
  EXPECT_EQ(config.self.bank, "mj");
  EXPECT_EQ(config.self.currencies.at("USD"), 2);
  EXPECT_EQ(config.self.sign.at(0).id, "mj-2026a");
  EXPECT_EQ(config.public_listener.port, 8080);
  EXPECT_EQ(config.public_listener.public_url, "https://pay.example");
  ASSERT_TRUE(config.peer_listener && config.peer_listener->tls);
  EXPECT_EQ(config.peer_listener->tls->key, folder.path + "/peer.key");
  EXPECT_EQ(config.peer_listener->tls->client_ca, "/etc/payswitch/peers.pem");
  EXPECT_EQ(config.ledger().role, PluginRole::ledger);
  EXPECT_EQ(config.ledger().options.get("directory", ValueType::path)->text, "/var/lib/payswitch/books");
  const Connector& peer = *config.connector("jh-http");
  EXPECT_EQ(peer.bank, "jh");
  EXPECT_EQ(peer.not_after, std::chrono::seconds(30));
  EXPECT_EQ(peer.options.get("url", ValueType::url)->text, "https://jh.example:8443");
  const Bank& jh = *config.bank("jh");
  EXPECT_EQ(jh.receive_limit.at("KRW"), 1'000'000'000);
  EXPECT_EQ(jh.in_doubt.at("KRW"), 20'000'000);
  EXPECT_EQ(jh.in_doubt.size(), 1u);
  EXPECT_EQ(jh.in_doubt_count, 1000u);
  EXPECT_EQ(jh.keys.size(), 2u);
  EXPECT_EQ(config.routes.at(0).targets, std::vector<std::string>{"jh-http"});
  EXPECT_EQ(config.logins.at(0).role, PluginRole::login);
  EXPECT_EQ(config.logins.at(0).options.get("client_secret", ValueType::secret)->text, "content of google");
  EXPECT_EQ(config.auth.mode, AuthMode::required);
  EXPECT_EQ(config.cash.allow, CashAllow::service);
  EXPECT_EQ(config.transfer_limits("KRW").max, 50'000'000);
  EXPECT_EQ(config.transfer_limits("KRW").per_owner_day, 100'000'000);
  EXPECT_EQ(config.transfer_limits("USD").per_owner_day, INT64_MAX);
}

TEST(load, the_smallest_file_has_every_default) {
  const LoadResult result = load_with(smallest);
  ASSERT_TRUE(result.config.has_value()) << result.report();
  const Config& config = *result.config;
  EXPECT_EQ(config.public_listener.address, "127.0.0.1:8080");
  EXPECT_EQ(config.public_listener.public_url, "http://127.0.0.1:8080");
  EXPECT_EQ(config.public_listener.header_bytes_max, 16u * 1024);
  EXPECT_EQ(config.public_listener.body_bytes_max, 64u * 1024);
  EXPECT_EQ(config.public_listener.connections_max, 10'000u);
  EXPECT_FALSE(config.peer_listener.has_value());
  EXPECT_EQ(config.self.timezone, "UTC");
  EXPECT_EQ(config.control.mode, 0660u);
  EXPECT_EQ(config.runtime.drain, std::chrono::seconds(20));
  EXPECT_EQ(config.log.level, Severity::info);
}

TEST(load, relative_paths_start_at_the_folder_of_the_file) {
  const LoadResult result = load_with(smallest, nullptr, "/etc/payswitch/p.toml");
  EXPECT_EQ(result.config->ledger().options.get("directory", ValueType::path)->text, "/etc/payswitch/books");
}

TEST(load, in_development_the_owner_may_deposit_unless_the_file_says_otherwise) {
  const std::string development = std::string(smallest) + "[auth]\nmode = \"development\"\n";
  EXPECT_EQ(load_with(development).config->cash.allow, CashAllow::owner);
  EXPECT_EQ(load_with(development + "[cash]\nallow = \"none\"\n").config->cash.allow, CashAllow::none);
}

TEST(load, a_plugin_that_is_not_required_may_be_missing) {
  const std::string more = "[[connector]]\nname = \"extra\"\nplugin = \"nowhere\"\nbank = \"jh\"\nrequired = false\n[bank.jh]\nprefix = [\"jh-\"]\nreceive_limit = { KRW = \"1\" }\n"
                           "[[route]]\nbank = \"jh\"\ntargets = [\"extra\"]\n";
  const LoadResult result = load_with(std::string(smallest) + more);
  ASSERT_TRUE(result.config.has_value()) << result.report();
  EXPECT_EQ(result.problems.size(), 1u);
  EXPECT_EQ(result.problems[0].kind, ProblemKind::warning);
}

TEST(load, each_plugin_is_asked_once_in_the_directory_of_the_command_line) {
  FixtureSchemas schemas;
  LoadOptions options;
  options.plugins = &schemas;
  options.plugin_directory = "/build/plugins";
  const std::string two = std::string(smallest) + "[[connector]]\nname = \"second\"\nplugin = \"local_ledger\"\noptions = { directory = \"b\" }\n";
  load_text(two, "p.toml", options);
  EXPECT_EQ(schemas.asked, 1);
  EXPECT_EQ(schemas.directory, "/build/plugins");
}

TEST(load, a_file_that_is_not_there_is_one_problem) {
  FixtureSchemas schemas;
  LoadOptions options;
  options.plugins = &schemas;
  const LoadResult result = load_file("/nowhere/p.toml", options);
  EXPECT_FALSE(result.config.has_value());
  EXPECT_NE(result.report().find("/nowhere/p.toml"), std::string::npos);
}

TEST(load, a_private_key_that_others_can_read_is_refused) {
  const Folder folder;
  const std::string key = folder.write("k", "PEM", 0644), certificate = folder.write("c", "PEM", 0644);
  const LoadResult result = load_with(std::string(smallest) + "[listen.public]\ntls = { certificate = \"" + certificate + "\", key = \"" + key + "\" }\n");
  EXPECT_EQ(result.report(), "p.toml:11:7: listen.public.tls.key: " + key + " can be read by others; make it 0400 (chmod 0400)\n");
}

TEST(load, users_and_groups_of_the_control_socket_become_numbers) {
  const LoadResult result = load_with(std::string(smallest) + "[control]\nviewer = [\"group:4711\"]\nadmin = [\"user:root\"]\n");
  ASSERT_TRUE(result.config.has_value()) << result.report();
  ASSERT_EQ(result.config->control.grants.size(), 2u);
  EXPECT_TRUE(result.config->control.grants[0].group);
  EXPECT_EQ(result.config->control.grants[0].id, 4711u);
  EXPECT_EQ(result.config->control.grants[1].id, 0u);
  EXPECT_EQ(result.config->control.grants[1].role, ControlRole::admin);
}

TEST(show, says_where_each_value_comes_from_and_reads_back_the_same) {
  const LoadResult result = load_with(smallest);
  const std::string with_origin = show(*result.config, true);
  EXPECT_NE(with_origin.find("bank = \"mj\"  # p.toml:2:8\n"), std::string::npos) << with_origin;
  EXPECT_NE(with_origin.find("timezone = \"UTC\"  # default\n"), std::string::npos);
  EXPECT_NE(with_origin.find("max_header = \"16KiB\"  # default\n"), std::string::npos);
  const LoadResult again = load_with(show(*result.config, false));
  ASSERT_TRUE(again.config.has_value()) << again.report();
  EXPECT_EQ(show(*again.config, false), show(*result.config, false));
  EXPECT_NE(show_json(*result.config, true).find("\"bank\":{\"value\":\"mj\",\"origin\":\"p.toml:2:8\"}"), std::string::npos) << show_json(*result.config, true);
}

}  // namespace payswitch::daemon::config

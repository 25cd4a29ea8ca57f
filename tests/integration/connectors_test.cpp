// The services of the plugin border in the real daemon: HTTP client, routes behind client certificates, secrets, keys, traces; and
// the listeners' TLS. The plugins are those of tests/fixtures.
#include <openssl/ssl.h>

#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "integration/api_suite.h"
#include "support/http_stub.h"
#include "support/tls_client.h"

namespace payswitch::test {
namespace {

using daemon::net::testing::make_authority;
using daemon::net::testing::make_identity;

constexpr char signing_key[] = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";

// A folder for files that the configuration names, there before the daemon's own.
class Files {
 public:
  Files() {
    char name[] = "/tmp/payswitch-files-XXXXXX";
    if (!mkdtemp(name)) std::abort();
    folder_ = name;
  }
  ~Files() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::string put(const std::string& name, const std::string& content) {
    const std::string path = folder_ + "/" + name;
    std::filesystem::remove(path);
    std::ofstream(path) << content;
    chmod(path.c_str(), 0400);
    return path;
  }

 private:
  std::string folder_;
};

bool eventually(const std::function<bool()>& holds, int seconds = 10) {
  for (int i = 0; i < seconds * 50; ++i) {
    if (holds()) return true;
    usleep(20'000);
  }
  return holds();
}

std::string line(std::string_view command, std::string_view arguments) {
  return R"({"command":")" + std::string(command) + R"(","args":{)" + std::string(arguments) + "}}";
}

// ---- a gateway that uses everything ----------------------------------------------------------------------------------------------

class Bus : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string extra = "[switch.sign]\nmj-2026a = \"${cred:sign.pem}\"\n[credentials]\n\"sign.pem\" = \"" + files_.put("sign.pem", signing_key) + "\"\nbus-token = \"" +
                              files_.put("token", "the-token\n") + "\"\n[log]\nlevel = \"debug\"\n" +
                              "[bank.jh]\nprefix = [\"jh-\"]\nreceive_limit = { KRW = \"1000000\" }\n[[route]]\nbank = \"jh\"\ntargets = [\"jh-bus\"]\n"
                              "[[connector]]\nname = \"jh-bus\"\nplugin = \"report_gateway\"\nbank = \"jh\"\nwait = \"10s\"\ncall_deadline = \"10s\"\noptions = { bus = \"http://127.0.0.1:" +
                              std::to_string(bus_.port()) + "\" }\n";
    daemon_ = std::make_unique<DaemonProcess>(DaemonOptions{.auth_mode = "development", .cash_allow = "owner", .extra = extra, .environment = "", .wrapper = ""},
                                              DaemonSurroundings{.plugins = {"local_ledger", "report_gateway"}});
    ASSERT_TRUE(daemon_->start());
    api_ = std::make_unique<BankClient>(daemon_->port());
    ASSERT_EQ(api_->post("/v1/accounts", R"({"currency":"KRW","number":"mj-1"})").status(), 201);
    ASSERT_EQ(api_->deposit("mj-1", 100).status(), 201);
  }

  Files files_;
  HttpStub bus_;
  std::unique_ptr<DaemonProcess> daemon_;
  std::unique_ptr<BankClient> api_;
};

TEST_F(Bus, a_credit_goes_out_signed_with_its_token_and_completes_when_the_result_arrives) {
  Reply paid;
  std::thread payer([&] { paid = BankClient(daemon_->port()).post("/v1/transfers", R"({"payer":"mj-1","payee":"jh-1","amount":"1","currency":"KRW"})", "one", {{"Prefer", "wait=10"}}); });
  ASSERT_TRUE(eventually([&] { return !bus_.requests().empty(); }));
  const std::string message = bus_.requests().front();
  EXPECT_NE(message.find("POST /request HTTP/1.1"), std::string::npos) << message;
  EXPECT_NE(message.find("key-id: mj-2026a"), std::string::npos) << message;
  EXPECT_NE(message.find("token: the-token"), std::string::npos) << message;
  const std::string op_id = message.substr(message.rfind("request ") + 8, 32);
  const std::string told = daemon_->control(line("connector", R"("name":"jh-bus","command":"result","args":")" + op_id + R"( applied")"));
  EXPECT_NE(told.find("delivered"), std::string::npos) << told;
  payer.join();
  EXPECT_EQ(paid.text("status"), "completed") << paid.http.body;
  EXPECT_EQ(api_->balance("mj-1"), 99);
  // The span it measured stands in the log.
  EXPECT_TRUE(eventually([&] { return daemon_->log().find("PSW-APP-018") != std::string::npos; }));
  // Its own metric, and the state it reported when its descriptor was readable.
  HttpClient admin(daemon_->admin_port());
  EXPECT_NE(admin.get("/metrics").body.find("report_gateway_sent_total"), std::string::npos);
  EXPECT_NE(daemon_->control(line("plugin list", "")).find("\"state\":\"up\""), std::string::npos);
}

TEST_F(Bus, a_result_that_nobody_waits_for_is_reported_and_voids_or_completes_by_recovery) {
  const Reply started = api_->post("/v1/transfers", R"({"payer":"mj-1","payee":"jh-1","amount":"1","currency":"KRW"})", "two", {{"Prefer", "wait=0"}});
  ASSERT_EQ(started.status(), 202) << started.http.body;
  ASSERT_TRUE(eventually([&] { return !bus_.requests().empty(); }));
  const std::string message = bus_.requests().front();
  const std::string op_id = message.substr(message.rfind("request ") + 8, 32);
  daemon_->kill();
  ASSERT_TRUE(daemon_->start());
  const std::string told = daemon_->control(line("connector", R"("name":"jh-bus","command":"result","args":")" + op_id + R"( applied")"));
  EXPECT_NE(told.find("\"ok\":true"), std::string::npos) << told;
  BankClient again(daemon_->port());
  EXPECT_TRUE(eventually([&] { return again.get("/v1/transfers/" + started.text("id")).text("status") == "completed"; }))
      << again.get("/v1/transfers/" + started.text("id")).http.body;
}

TEST_F(Bus, a_plugins_command_is_refused_by_name_role_and_arguments) {
  std::string out;
  EXPECT_EQ(daemon_->ctl("connector jh-bus nothing", out), 6);
  EXPECT_NE(out.find("result, state"), std::string::npos) << out;
  EXPECT_EQ(daemon_->ctl("connector nobody state", out), 6);
  EXPECT_EQ(daemon_->ctl("connector jh-bus result nonsense", out), 10) << out;
  EXPECT_EQ(daemon_->ctl("connector jh-bus state", out), 0);
  EXPECT_NE(out.find("resend_ms 5000"), std::string::npos) << out;
}

TEST(Secrets, a_credential_that_others_may_read_is_not_handed_to_a_plugin) {
  Files files;
  const std::string token = files.put("token", "the-token");
  chmod(token.c_str(), 0444);
  DaemonProcess daemon({.auth_mode = "development", .cash_allow = "owner",
                        .extra = "[credentials]\nbus-token = \"" + token + "\"\n[bank.jh]\nprefix = [\"jh-\"]\nreceive_limit = { KRW = \"1000000\" }\n[[route]]\nbank = \"jh\"\ntargets = [\"jh-bus\"]\n"
                                 "[[connector]]\nname = \"jh-bus\"\nplugin = \"report_gateway\"\nbank = \"jh\"\n",
                        .environment = "", .wrapper = ""},
                       {.plugins = {"local_ledger", "report_gateway"}});
  EXPECT_FALSE(daemon.start());
  EXPECT_NE(daemon.log().find("PSW-APP-019"), std::string::npos) << daemon.log();
  EXPECT_EQ(daemon.log().find("the-token"), std::string::npos);
}

TEST(Login, a_login_plugin_is_loaded_with_its_secret_and_said_to_have_no_pages_yet) {
  Files files;
  DaemonProcess daemon({.auth_mode = "development", .cash_allow = "owner",
                        .extra = "[credentials]\nclient = \"" + files.put("client", "s3cret-of-the-client") + "\"\n[[login]]\nname = \"corp\"\nplugin = \"test_login\"\noptions = { issuer = \"https://login.example\" }\n",
                        .environment = "", .wrapper = ""},
                       {.plugins = {"local_ledger", "test_login"}});
  std::string out;
  EXPECT_EQ(daemon.check_config("", out), 0) << out;
  EXPECT_NE(out.find("login.corp: warning: is loaded, but this version has no login pages"), std::string::npos) << out;
  ASSERT_TRUE(daemon.start());
  const std::string listed = daemon.control(line("plugin list", ""));
  EXPECT_NE(listed.find(R"("name":"corp","plugin":"test_login","type":"test_login","role":"login")"), std::string::npos) << listed;
  EXPECT_EQ(daemon.log().find("s3cret-of-the-client"), std::string::npos);
  EXPECT_EQ(listed.find("s3cret-of-the-client"), std::string::npos);
}

// ---- a bank that calls us ----------------------------------------------------------------------------------------------------------

class Peer : public ::testing::Test {
 protected:
  void SetUp() override {
    port_ = DaemonProcess::free_port();
    const auto bank = [](const char* code, const Identity& who) {
      return "[bank." + std::string(code) + "]\nprefix = [\"" + code + "-\"]\nreceive_limit = { KRW = \"1000\" }\nspki = [\"" + spki_of(who) + "\"]\n[[route]]\nbank = \"" + code +
             "\"\ntargets = [\"" + code + "-http\"]\n[[connector]]\nname = \"" + code + "-http\"\nplugin = \"http_bank\"\nbank = \"" + code + "\"\n";
    };
    const std::string extra = "[listen.peer]\naddress = \"127.0.0.1:" + std::to_string(port_) + "\"\ntls = { certificate = \"" + files_.put("peer.crt", ours_.certificate_pem) +
                              "\", key = \"" + files_.put("peer.key", ours_.key_pem) + "\", client_ca = \"" + files_.put("ca.pem", authority_.certificate_pem) + "\" }\n" + bank("jh", jh_) + bank("kb", kb_);
    daemon_ = std::make_unique<DaemonProcess>(DaemonOptions{.auth_mode = "development", .cash_allow = "owner", .extra = extra, .environment = "", .wrapper = ""},
                                              DaemonSurroundings{.plugins = {"local_ledger", "http_bank"}});
    ASSERT_TRUE(daemon_->start());
    api_ = std::make_unique<BankClient>(daemon_->port());
    account_ = api_->open();
  }

  Files files_;
  Identity authority_ = make_authority("test authority"), ours_ = make_identity(authority_, "127.0.0.1"), jh_ = make_identity(authority_, "jh.example"),
           kb_ = make_identity(authority_, "kb.example"), stranger_ = make_identity(authority_, "stranger.example");
  std::uint16_t port_ = 0;
  std::unique_ptr<DaemonProcess> daemon_;
  std::unique_ptr<BankClient> api_;
  std::string account_;
  const std::string credit_ = "/bank/credits/00112233445566778899aabbccddeeff";
};

TEST_F(Peer, an_incoming_credit_over_http_is_recorded_once_and_answered_the_same_for_ever) {
  TlsClient jh(port_, authority_, &jh_);
  EXPECT_EQ(jh.get("/bank/hello").body.substr(0, 3), "mj ");
  EXPECT_EQ(jh.version(), "TLSv1.3");
  EXPECT_EQ(jh.get(credit_).status, 404);
  const auto first = jh.request("PUT", credit_, "300 KRW jh-7 " + account_);
  EXPECT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(first.body, "applied ");
  EXPECT_EQ(jh.request("PUT", credit_, "300 KRW jh-7 " + account_).body, "applied ");
  EXPECT_EQ(jh.get(credit_).body, "applied ");
  EXPECT_EQ(api_->balance(account_), 300);
  EXPECT_EQ(jh.request("PUT", credit_, "301 KRW jh-7 " + account_).status, 409);
  EXPECT_EQ(jh.request("PUT", "/bank/credits/00112233445566778899aabbccddee00", "701 KRW jh-7 " + account_).body, "refused receive_limit_exceeded");
  EXPECT_EQ(jh.request("DELETE", "/bank/credits/00112233445566778899aabbccddee01", "").body, "refused cancelled");
  EXPECT_EQ(jh.request("PUT", "/bank/credits/00112233445566778899aabbccddee01", "5 KRW jh-7 " + account_).body, "refused cancelled");
  EXPECT_EQ(jh.get("/bank/accounts/" + account_).status, 200);
  EXPECT_EQ(jh.get("/bank/accounts/mj-none").body, "payee_not_found");
  EXPECT_EQ(api_->balance(account_), 300);
  daemon_->kill();
  ASSERT_TRUE(daemon_->start());
  EXPECT_EQ(jh.request("PUT", credit_, "300 KRW jh-7 " + account_).body, "applied ");
  EXPECT_EQ(BankClient(daemon_->port()).balance(account_), 300);
}

TEST_F(Peer, the_bank_is_that_of_the_certificate_and_each_has_an_instance_of_its_own) {
  TlsClient jh(port_, authority_, &jh_), kb(port_, authority_, &kb_);
  EXPECT_EQ(jh.request("PUT", credit_, "10 KRW jh-7 " + account_).body, "applied ");
  // The same id from another bank is another credit: nobody can ask about, or cancel, what is not his.
  EXPECT_EQ(kb.get(credit_).status, 404);
  EXPECT_EQ(kb.request("PUT", credit_, "20 KRW kb-7 " + account_).body, "applied ");
  EXPECT_EQ(api_->balance(account_), 30);
}

TEST_F(Peer, without_a_certificate_of_a_configured_bank_nothing_is_served) {
  TlsClient nobody(port_, authority_);
  EXPECT_EQ(nobody.get("/bank/hello").status, 0);
  TlsClient stranger(port_, authority_, &stranger_);
  EXPECT_EQ(stranger.get("/bank/hello").status, 403);
  const Identity other = make_authority("another authority"), forged = make_identity(other, "jh.example");
  TlsClient imposter(port_, authority_, &forged);
  EXPECT_EQ(imposter.get("/bank/hello").status, 0);
  TlsClient old(port_, authority_, &jh_);
  old.newest(TLS1_2_VERSION);
  EXPECT_EQ(old.get("/bank/hello").status, 0);
}

TEST_F(Peer, paths_that_no_plugin_has_are_404_and_other_methods_405_and_the_public_listener_has_none_of_them) {
  TlsClient jh(port_, authority_, &jh_);
  EXPECT_EQ(jh.get("/v1/me").status, 404);
  EXPECT_EQ(jh.request("POST", "/bank/credits/1", "x").status, 405);
  EXPECT_EQ(api_->get("/bank/hello").status(), 404);
}

TEST_F(Peer, certificates_are_read_again_on_sighup_and_a_wrong_file_keeps_the_old_ones) {
  TlsClient jh(port_, authority_, &jh_);
  EXPECT_EQ(jh.get("/bank/hello").status, 200);
  files_.put("peer.crt", "nonsense");
  ::kill(daemon_->pid(), SIGHUP);
  ASSERT_TRUE(eventually([&] { return daemon_->log().find("PSW-APP-021") != std::string::npos; }));
  EXPECT_EQ(jh.get("/bank/hello").status, 200);
  const Identity fresh = make_identity(authority_, "127.0.0.2");
  files_.put("peer.crt", fresh.certificate_pem);
  files_.put("peer.key", fresh.key_pem);
  ::kill(daemon_->pid(), SIGHUP);
  ASSERT_TRUE(eventually([&] { return daemon_->log().find("PSW-APP-017") != std::string::npos; }));
  EXPECT_EQ(jh.get("/bank/hello").status, 200);
  EXPECT_EQ(jh.server_name(), "127.0.0.2");
}

TEST_F(Peer, pins_of_a_bank_are_read_again_on_sighup_and_a_wrong_file_keeps_the_old_ones) {
  const auto status = [&](const Identity& who) { return TlsClient(port_, authority_, &who).get("/bank/hello").status; };
  const auto rewrite = [&](const std::string& old_text, const std::string& new_text) {
    std::string text = DaemonProcess::read_file(daemon_->config_file());
    const auto at = text.find(old_text);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, old_text.size(), new_text);
    std::ofstream(daemon_->config_file()) << text;
    ::kill(daemon_->pid(), SIGHUP);
  };
  EXPECT_EQ(status(kb_), 200);
  EXPECT_EQ(status(stranger_), 403);
  // A pin of two banks could not say whose word it is: nothing changes.
  rewrite(spki_of(kb_), spki_of(jh_));
  ASSERT_TRUE(eventually([&] { return daemon_->log().find("PSW-APP-021") != std::string::npos; }));
  EXPECT_EQ(status(kb_), 200);
  const std::string twice = "[bank.kb]\nprefix = [\"kb-\"]\nreceive_limit = { KRW = \"1000\" }\nspki = [\"";
  rewrite(twice + spki_of(jh_), twice + spki_of(stranger_));
  ASSERT_TRUE(eventually([&] { return daemon_->log().find("PSW-APP-017") != std::string::npos; }));
  EXPECT_EQ(status(stranger_), 200) << "kb has another certificate now";
  EXPECT_EQ(status(kb_), 403) << "and the old one is nobody's";
  EXPECT_EQ(status(jh_), 200);
}

// ---- TLS in front of the API ---------------------------------------------------------------------------------------------------------

TEST(PublicTls, the_api_speaks_tls_1_3_when_it_has_a_certificate) {
  Files files;
  const Identity authority = make_authority("test authority"), ours = make_identity(authority, "127.0.0.1");
  DaemonProcess daemon({.auth_mode = "development", .cash_allow = "owner",
                        .extra = "[listen.public.tls]\ncertificate = \"" + files.put("crt", ours.certificate_pem) + "\"\nkey = \"" + files.put("key", ours.key_pem) + "\"\n",
                        .environment = "", .wrapper = ""},
                       {.public_tls = true});
  ASSERT_TRUE(daemon.start());
  TlsClient api(daemon.port(), authority);
  EXPECT_EQ(api.get("/v1/me").status, 200);
  EXPECT_EQ(api.version(), "TLSv1.3");
  EXPECT_EQ(api.request("POST", "/v1/accounts", R"({"currency":"KRW"})", {{"Content-Type", "application/json"}, {"Idempotency-Key", "a"}}).status, 201);
  HttpClient plain(daemon.port(), 2000);
  EXPECT_EQ(plain.get("/v1/me").status, 0);
}

TEST(PublicTls, check_config_reads_certificates_and_keys_and_names_the_place) {
  Files files;
  const Identity authority = make_authority("test authority"), ours = make_identity(authority, "127.0.0.1"), other = make_identity(authority, "127.0.0.1");
  DaemonProcess daemon({.auth_mode = "development", .cash_allow = "owner",
                        .extra = "[listen.public.tls]\ncertificate = \"" + files.put("crt", ours.certificate_pem) + "\"\nkey = \"" + files.put("key", other.key_pem) +
                                 "\"\n[listen.admin.tls]\ncertificate = \"/nowhere.pem\"\nkey = \"/nowhere.key\"\n[switch.sign]\nmj-2026a = \"file:" + files.put("rsa", ours.key_pem) + "\"\n",
                        .environment = "", .wrapper = ""});
  EXPECT_FALSE(daemon.start());
  const std::string log = daemon.log();
  EXPECT_NE(log.find("listen.public.tls: TLS: the private key cannot be read or does not belong to the certificate"), std::string::npos) << log;
  EXPECT_NE(log.find("/nowhere.pem"), std::string::npos) << log;
  EXPECT_NE(log.find("switch.sign.mj-2026a: signing key mj-2026a is no unencrypted Ed25519"), std::string::npos) << log;
  EXPECT_EQ(log.find("PRIVATE KEY"), std::string::npos);
}

}  // namespace
}  // namespace payswitch::test

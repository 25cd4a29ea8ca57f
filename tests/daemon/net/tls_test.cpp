// TLS 1.3 on both sides: who is let in, and who is believed.
#include <openssl/ssl.h>

#include "daemon/net/client_fixture.h"
#include "daemon/net/server_fixture.h"
#include "daemon/net/test_certificates.h"
#include "net/tls_impl.h"

namespace payswitch::daemon::net::testing {
namespace {

const Identity& authority() {
  static const Identity identity = make_authority("test authority");
  return identity;
}

ListenerOptions tls_listener(bool client_certificate, const Limits& limits = {}) {
  const Identity identity = make_identity(authority(), "127.0.0.1");
  TlsServerOptions tls{identity.certificate_pem, Secret<std::string>(identity.key_pem), client_certificate ? authority().certificate_pem : ""};
  ListenerOptions options;
  options.limits = limits;
  options.tls = make_tls_server(tls).value();
  return options;
}

TlsContextPtr client_context(const Identity* certificate = nullptr, const Identity& trusted = authority()) {
  TlsClientOptions options;
  options.ca_pem = trusted.certificate_pem;
  if (certificate != nullptr) {
    options.certificate_pem = certificate->certificate_pem;
    options.key_pem = Secret<std::string>(certificate->key_pem);
  }
  return make_tls_client(options).value();
}

ClientRequest to(const Server& server, std::string_view body = {}) {
  ClientRequest request;
  request.method = "POST";
  request.host = "127.0.0.1";
  request.port = server.port();
  request.tls_profile = "bank";
  request.body = body;
  return request;
}

TEST(Tls, both_sides_prove_themselves_and_learn_each_others_key) {
  Server server(tls_listener(true));
  CallingLoop client;
  const Identity ours = make_identity(authority(), "client.example");
  client.set_tls_profile("bank", client_context(&ours));
  const std::string body(60'000, 'b');  // several records
  for (int i = 0; i < 3; ++i) {
    const Result result = client.call(to(server, body));
    ASSERT_EQ(result.error, ClientError::none) << result.detail;
    EXPECT_EQ(result.body, body);
    EXPECT_EQ(result.peer_spki.substr(0, 7), "sha256/");
    EXPECT_EQ(result.peer_spki.size(), 7U + 44U);
  }
  EXPECT_EQ(server.handler.last().peer_spki.size(), 7U + 44U);
  EXPECT_NE(server.metrics().find("payswitch_http_connections_total{listener=\"public\"} 1\n"), std::string::npos);
}

TEST(Tls, without_a_client_authority_nobody_is_asked_for_a_certificate) {
  Server server(tls_listener(false));
  CallingLoop client;
  client.set_tls_profile("bank", client_context());
  EXPECT_EQ(client.call(to(server)).status, 200);
  EXPECT_EQ(server.handler.last().peer_spki, "");
}

TEST(Tls, a_client_without_certificate_or_with_a_foreign_one_reaches_no_handler) {
  Server server(tls_listener(true));
  CallingLoop client;
  client.set_tls_profile("bank", client_context());
  const Result none = client.call(to(server));
  EXPECT_NE(none.error, ClientError::none);
  const Identity stranger_authority = make_authority("stranger");
  const Identity stranger = make_identity(stranger_authority, "client.example");
  client.set_tls_profile("bank", client_context(&stranger));
  EXPECT_NE(client.call(to(server)).error, ClientError::none);
  EXPECT_EQ(server.handler.count(), 0U);
  EXPECT_TRUE(eventually([&] { return server.log().count("PSW-NET-007") >= 1; }));
  EXPECT_TRUE(server.wait_for_connections(0));
}

TEST(Tls, phase_tls_a_server_of_an_unknown_authority_or_for_another_host_is_not_believed) {
  Server server(tls_listener(false));
  CallingLoop client;
  client.set_tls_profile("bank", client_context(nullptr, make_authority("another")));
  const Result unknown = client.call(to(server));
  EXPECT_EQ(unknown.error, ClientError::tls_failed);
  EXPECT_EQ(unknown.phase, Phase::tls);
  client.set_tls_profile("bank", client_context());
  ClientRequest request = to(server);
  request.host = "localhost";  // the certificate says 127.0.0.1
  const Result other = client.call(request);
  EXPECT_EQ(other.error, ClientError::tls_failed);
  EXPECT_NE(other.detail.find("ostname"), std::string::npos) << other.detail;
  EXPECT_EQ(server.handler.count(), 0U);
}

TEST(Tls, phase_tls_a_server_that_accepts_and_is_silent_meets_the_deadline) {
  std::atomic<bool> end{false};
  ScriptedServer server([&](int, int) {
    while (!end) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  CallingLoop client;
  client.set_tls_profile("bank", client_context());
  ClientRequest request;
  request.host = "127.0.0.1";
  request.port = server.port();
  request.tls_profile = "bank";
  const Result result = client.call(request, 100);
  end = true;
  EXPECT_EQ(result.error, ClientError::deadline);
  EXPECT_EQ(result.phase, Phase::tls);
}

TEST(Tls, tls_1_2_is_refused) {
  Server server(tls_listener(false));
  Client raw(server.port());
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  SSL* ssl = SSL_new(context);
  SSL_set_fd(ssl, raw.fd());
  EXPECT_NE(SSL_connect(ssl), 1);
  SSL_free(ssl);
  SSL_CTX_free(context);
}

TEST(Tls, plain_text_on_a_tls_port_and_a_handshake_that_stalls_are_closed) {
  Limits limits;
  limits.header_ms_max = 100;
  Server server(tls_listener(false, limits));
  Client plain(server.port());
  plain.send(get("/"));
  EXPECT_TRUE(plain.closed());
  Client silent(server.port());
  EXPECT_TRUE(silent.closed());
  EXPECT_EQ(server.handler.count(), 0U);
  EXPECT_TRUE(eventually([&] { return server.metrics().find("payswitch_http_timeouts_total{listener=\"public\",phase=\"handshake\"} 1\n") != std::string::npos; }));
}

TEST(Tls, a_replaced_context_serves_new_connections) {
  Server server(tls_listener(false));
  CallingLoop client;
  const Identity next_authority = make_authority("next");
  const Identity next = make_identity(next_authority, "127.0.0.1");
  server.listener().replace_tls(make_tls_server({next.certificate_pem, Secret<std::string>(next.key_pem), ""}).value());
  client.set_tls_profile("bank", client_context(nullptr, next_authority));
  EXPECT_EQ(client.call(to(server)).status, 200);
}

TEST(Tls, keys_that_do_not_fit_and_texts_that_are_none_are_named) {
  const Identity one = make_identity(authority(), "a.example");
  const Identity two = make_identity(authority(), "b.example");
  const auto mixed = make_tls_server({one.certificate_pem, Secret<std::string>(two.key_pem), ""});
  ASSERT_FALSE(mixed.ok());
  EXPECT_NE(mixed.error().message.find("private key"), std::string::npos);
  const auto garbage = make_tls_server({"nonsense", Secret<std::string>(one.key_pem), ""});
  ASSERT_FALSE(garbage.ok());
  EXPECT_NE(garbage.error().message.find("certificate"), std::string::npos);
}

}  // namespace
}  // namespace payswitch::daemon::net::testing

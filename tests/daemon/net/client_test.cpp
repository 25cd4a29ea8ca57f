// The HTTP client: what comes back, and how far a failed call is said to have come.
#include "daemon/net/client_fixture.h"

#include <atomic>

#include <sys/socket.h>

#include "daemon/net/server_fixture.h"

namespace payswitch::daemon::net::testing {
namespace {

ClientRequest to(std::uint16_t port, std::string_view method = "GET", std::string_view target = "/", std::string_view body = {}) {
  ClientRequest request;
  request.method = method;
  request.host = "127.0.0.1";
  request.port = port;
  request.target = target;
  request.body = body;
  return request;
}

std::uint16_t closed_port() {
  ScriptedServer server([](int, int) {});
  return server.port();
}

// Waits until the client has closed, so that the answer is not lost in a reset.
void drain(int fd) {
  char block[4096];
  while (::recv(fd, block, sizeof block, 0) > 0) {
  }
}

TEST(HttpClient, a_call_brings_back_status_headers_and_body) {
  Server server;
  CallingLoop client;
  ClientRequest request = to(server.port(), "POST", "/v1/x?y=1", "payload");
  const Header headers[] = {{"X-Test", "yes\r\nX-Other: no"}};
  request.headers = headers;
  const Result result = client.call(request);
  EXPECT_EQ(result.error, ClientError::none) << result.detail;
  EXPECT_EQ(result.phase, Phase::done);
  EXPECT_EQ(result.status, 200);
  EXPECT_EQ(result.body, "payload");
  EXPECT_EQ(server.handler.last().target, "/v1/x?y=1");
  EXPECT_EQ(server.handler.last().headers.size(), 3U) << "a line end in a value became a header";
}

TEST(HttpClient, a_name_is_resolved) {
  Server server;
  CallingLoop client;
  ClientRequest request = to(server.port());
  request.host = "localhost";
  EXPECT_EQ(client.call(request).status, 200);
}

TEST(HttpClient, connections_are_kept_and_used_again) {
  Server server;
  CallingLoop client;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.call(to(server.port())).status, 200);
  EXPECT_NE(server.metrics().find("payswitch_http_connections_total{listener=\"public\"} 1\n"), std::string::npos);
  EXPECT_NE(client.metrics().find("payswitch_http_client_reused_total 4\n"), std::string::npos);
}

TEST(HttpClient, a_connection_that_the_server_closed_meanwhile_is_not_used) {
  ScriptedServer server([](int fd, int) {
    ScriptedServer::read_head(fd);
    ScriptedServer::write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  CallingLoop client;
  EXPECT_EQ(client.call(to(server.port())).status, 200);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(client.call(to(server.port())).status, 200);
  EXPECT_EQ(server.connections(), 2);
}

TEST(HttpClient, chunked_answers_and_answers_that_end_with_the_connection_are_read) {
  ScriptedServer server([](int fd, int number) {
    ScriptedServer::read_head(fd);
    if (number == 0) {
      ScriptedServer::write(fd, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
      ScriptedServer::write(fd, "2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n");
    } else {
      ScriptedServer::write(fd, "HTTP/1.1 200 OK\r\n\r\nuntil the end");
    }
  });
  CallingLoop client;
  const Result chunked = client.call(to(server.port()));
  EXPECT_EQ(chunked.body, "abcde");
  EXPECT_EQ(chunked.headers.size(), 1U);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(client.call(to(server.port())).body, "until the end");
}

TEST(HttpClient, phase_none_an_unknown_profile_and_a_deadline_already_passed) {
  Server server;
  CallingLoop client;
  ClientRequest request = to(server.port());
  request.tls_profile = "nobody";
  EXPECT_EQ(client.call(request).error, ClientError::unknown_tls_profile);
  const Result late = client.call(to(server.port()), 0);
  EXPECT_EQ(late.error, ClientError::deadline);
  EXPECT_EQ(late.phase, Phase::none);
  EXPECT_EQ(server.handler.count(), 0U);
}

TEST(HttpClient, phase_dns_an_unknown_name) {
  CallingLoop client({}, [](const std::string&, std::uint16_t) { return std::vector<SocketAddress>{}; });
  ClientRequest request = to(1);
  request.host = "nowhere.invalid";
  const Result result = client.call(request);
  EXPECT_EQ(result.error, ClientError::resolve_failed);
  EXPECT_EQ(result.phase, Phase::dns);
  EXPECT_EQ(client.log().count("PSW-NET-009"), 1U);
}

std::atomic<bool> release_lookup{false};

TEST(HttpClient, phase_dns_the_deadline_does_not_wait_for_a_resolver_that_hangs) {
  release_lookup = false;
  CallingLoop client({}, [](const std::string&, std::uint16_t) {
    while (!release_lookup) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return std::vector<SocketAddress>{};
  });
  ClientRequest request = to(1);
  request.host = "slow.invalid";
  const Result result = client.call(request, 100);
  EXPECT_EQ(result.error, ClientError::deadline);
  EXPECT_EQ(result.phase, Phase::dns);
  EXPECT_LT(result.took_ms, 1'000U);
  release_lookup = true;
  std::this_thread::sleep_for(std::chrono::milliseconds(30));  // its late word finds nobody
}

TEST(HttpClient, phase_connect_nobody_listens) {
  CallingLoop client;
  const Result result = client.call(to(closed_port()));
  EXPECT_EQ(result.error, ClientError::connect_failed);
  EXPECT_EQ(result.phase, Phase::connect);
}

TEST(HttpClient, the_next_address_is_tried_when_the_first_refuses) {
  static std::uint16_t port = 0;
  Server server;
  port = server.port();
  CallingLoop client({}, [](const std::string&, std::uint16_t) {
    bool ok = false;
    return std::vector{SocketAddress::from_numeric("127.0.0.2", 1, ok), SocketAddress::from_numeric("127.0.0.1", port, ok)};
  });
  ClientRequest request = to(port);
  request.host = "two.invalid";
  EXPECT_EQ(client.call(request).status, 200);
}

TEST(HttpClient, phase_sent_all_no_answer_before_the_deadline) {
  ScriptedServer server([](int fd, int) {
    ScriptedServer::read_head(fd);
    drain(fd);
  });
  CallingLoop client;
  const Result result = client.call(to(server.port()), 100);
  EXPECT_EQ(result.error, ClientError::deadline);
  EXPECT_EQ(result.phase, Phase::sent_all);
}

TEST(HttpClient, phase_sent_some_a_body_that_the_peer_does_not_read) {
  std::atomic<bool> end{false};
  ScriptedServer server([&](int, int) {
    while (!end) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  CallingLoop client;
  const std::string body(16 * 1024 * 1024, 'b');
  const Result result = client.call(to(server.port(), "POST", "/", body), 1'000);  // under ThreadSanitizer the body alone takes more than the usual 200
  end = true;
  EXPECT_EQ(result.error, ClientError::deadline);
  EXPECT_EQ(result.phase, Phase::sent_some);
}

TEST(HttpClient, phase_sent_some_a_reused_connection_that_dies_before_any_answer) {
  ScriptedServer server([](int fd, int) {
    ScriptedServer::read_head(fd);
    ScriptedServer::write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    ScriptedServer::read_head(fd);  // the second request is read, and perhaps acted upon
  });
  CallingLoop client;
  EXPECT_EQ(client.call(to(server.port())).status, 200);
  const Result result = client.call(to(server.port(), "POST", "/", "x"));
  EXPECT_EQ(result.error, ClientError::closed);
  EXPECT_EQ(result.phase, Phase::sent_some);
  EXPECT_EQ(server.connections(), 1) << "a call is never repeated";
}

TEST(HttpClient, phase_sent_all_a_fresh_connection_that_dies_before_any_answer) {
  ScriptedServer server([](int fd, int) { ScriptedServer::read_head(fd); });
  CallingLoop client;
  const Result result = client.call(to(server.port()));
  EXPECT_EQ(result.error, ClientError::closed);
  EXPECT_EQ(result.phase, Phase::sent_all);
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClient, phase_got_head_a_body_that_breaks_off_or_drips_past_the_deadline) {
  ScriptedServer server([](int fd, int number) {
    ScriptedServer::read_head(fd);
    ScriptedServer::write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc");
    for (int i = 0; number == 1 && i < 100; ++i) {
      ScriptedServer::write(fd, "d");
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
  CallingLoop client;
  const Result broken = client.call(to(server.port()));
  EXPECT_EQ(broken.error, ClientError::closed);
  EXPECT_EQ(broken.phase, Phase::got_head);
  EXPECT_EQ(broken.status, 0) << "half an answer is no answer";
  const Result dripped = client.call(to(server.port()), 200);
  EXPECT_EQ(dripped.error, ClientError::deadline);
  EXPECT_EQ(dripped.phase, Phase::got_head);
  EXPECT_LT(dripped.took_ms, 900U);
}

TEST(HttpClient, garbage_and_answers_of_two_meanings_are_malformed) {
  static const char* const answers[] = {"SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabc",
                                        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
                                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
                                        "HTTP/1.1 101 Switching\r\n\r\n"};
  ScriptedServer server([](int fd, int number) {
    ScriptedServer::read_head(fd);
    ScriptedServer::write(fd, answers[number]);
    drain(fd);
  });
  CallingLoop client;
  for (const char* answer : answers) EXPECT_EQ(client.call(to(server.port())).error, ClientError::malformed_answer) << answer;
}

TEST(HttpClient, an_answer_above_the_limit_is_refused_announced_or_not) {
  ScriptedServer server([](int fd, int number) {
    ScriptedServer::read_head(fd);
    if (number == 0) ScriptedServer::write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 300000000\r\n\r\n");
    if (number == 1) ScriptedServer::write(fd, "HTTP/1.1 200 OK\r\n\r\n" + std::string(2'000, 'x'));
    if (number == 2) ScriptedServer::write(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + std::string(2'000, 'x'));
    if (number == 3) ScriptedServer::write(fd, "HTTP/1.1 200 OK\r\nX-Long: " + std::string(20'000, 'x'));
    drain(fd);
  });
  CallingLoop client;
  for (int i = 0; i < 4; ++i) {
    ClientRequest request = to(server.port());
    request.body_bytes_max = 1'000;
    EXPECT_EQ(client.call(request).error, ClientError::answer_too_large) << i;
  }
}

TEST(HttpClient, head_has_no_body_whatever_its_length_says) {
  Server server;
  CallingLoop client;
  const Result result = client.call(to(server.port(), "HEAD", "/big"));
  EXPECT_EQ(result.status, 200);
  EXPECT_EQ(result.body, "");
  EXPECT_EQ(client.call(to(server.port())).status, 200);
}

TEST(HttpClient, a_cancelled_call_is_delivered_once_with_its_phase) {
  Server server;
  CallingLoop client;
  Result result;
  std::atomic<bool> done{false};
  const std::uint64_t number = client.start(to(server.port(), "GET", "/later?x"), result, done);
  ASSERT_TRUE(eventually([&] { return server.handler.waiting() == 1; }));
  EXPECT_TRUE(client.cancel(number));
  ASSERT_TRUE(eventually([&] { return done.load(); }));
  EXPECT_EQ(result.error, ClientError::cancelled);
  EXPECT_EQ(result.phase, Phase::sent_all);
  EXPECT_FALSE(client.cancel(number));
  server.handler.answer_later();
}

TEST(HttpClient, above_the_bound_of_calls_nothing_is_begun) {
  Server server;
  ClientLimits limits;
  limits.calls_max = 2;
  CallingLoop client(limits);
  Result results[3];
  std::atomic<bool> done[3];
  for (int i = 0; i < 2; ++i) EXPECT_NE(client.start(to(server.port(), "GET", "/later?x"), results[i], done[i]), 0U);
  EXPECT_EQ(client.start(to(server.port()), results[2], done[2]), 0U);
  ASSERT_TRUE(eventually([&] { return server.handler.waiting() == 2; }));
  server.handler.answer_later();
  ASSERT_TRUE(eventually([&] { return done[0] && done[1]; }));
  EXPECT_FALSE(results[2].delivered);
  EXPECT_EQ(client.call(to(server.port())).status, 200);
}

}  // namespace
}  // namespace payswitch::daemon::net::testing

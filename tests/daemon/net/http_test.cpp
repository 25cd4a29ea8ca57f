// Plain behaviour of a connection: framing, order, keep-alive, answers.
#include "daemon/net/server_fixture.h"

#include <sys/socket.h>

#include <atomic>
#include <thread>

namespace payswitch::daemon::net::testing {
namespace {

TEST(Http, a_request_reaches_the_handler_as_it_was_sent) {
  Server server;
  Client client(server.port());
  client.send(post("/v1/things?x=1&y=%20", "{\"a\":1}", "X-Mixed-Case: Value \r\n"));
  const std::string answer = client.read_answer();
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_EQ(body_of(answer), "{\"a\":1}");
  const Seen seen = server.handler.last();
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/v1/things?x=1&y=%20");
  EXPECT_EQ(seen.path, "/v1/things");
  EXPECT_EQ(seen.query, "x=1&y=%20");
  EXPECT_EQ(seen.authority, "test");
  ASSERT_EQ(seen.headers.size(), 3U);
  EXPECT_EQ(seen.headers[2], std::make_pair(std::string("X-Mixed-Case"), std::string("Value")));
}

TEST(Http, an_answer_carries_length_and_date_and_keeps_the_connection) {
  Server server;
  Client client(server.port());
  for (int i = 0; i < 3; ++i) {
    client.send(get("/"));
    const std::string answer = client.read_answer();
    EXPECT_NE(answer.find("Content-Length: 0\r\n"), std::string::npos);
    EXPECT_NE(answer.find("Date: "), std::string::npos);
    EXPECT_NE(answer.find(" GMT\r\n"), std::string::npos);
    EXPECT_EQ(answer.find("Connection:"), std::string::npos);
  }
  EXPECT_EQ(server.listener().connections(), 1U);
}

TEST(Http, requests_byte_by_byte_are_understood) {
  Server server;
  Client client(server.port());
  for (const char c : post("/slowly", "hello")) client.send({&c, 1});
  EXPECT_EQ(body_of(client.read_answer()), "hello");
}

TEST(Http, pipelined_requests_of_one_segment_are_answered_in_order) {
  Server server;
  Client client(server.port());
  std::string requests;
  for (int i = 0; i < 10; ++i) requests += post("/", std::to_string(i));
  client.send(requests);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(body_of(client.read_answer()), std::to_string(i));
}

// The sweep comes by timer, in the middle of a turn: answers of that turn are not written yet. A busy loop runs posts and timers together.
TEST(Http, an_answer_given_just_before_the_sweep_is_written) {
  ListenerOptions options;
  options.limits.linger_ms_max = 40;  // so that the sweep comes every 10 ms
  Server server(std::move(options));
  std::atomic<bool> enough{false};
  std::thread busy([&] {
    Client client(server.port());
    while (!enough.load()) {
      client.send(get("/") + get("/"));
      client.read_answer();
      client.read_answer();
    }
  });
  Client client(server.port());
  int lost = 0;
  for (int i = 0; i < 40 && lost == 0; ++i) {
    client.send(get("/later?" + std::to_string(i)));
    ASSERT_TRUE(eventually([&] { return server.handler.waiting() == 1; }));
    server.loop().post({[](void*) { std::this_thread::sleep_for(std::chrono::milliseconds(12)); }, nullptr});
    server.handler.answer_later();
    if (body_of(client.read_answer(std::chrono::seconds(2))) != std::to_string(i)) ++lost;
  }
  EXPECT_EQ(lost, 0);
  enough = true;
  busy.join();
}

TEST(Http, answers_given_in_another_order_leave_in_the_order_of_the_requests) {
  Server server;
  Client client(server.port());
  std::string requests;
  for (int i = 0; i < 8; ++i) requests += get("/later?" + std::to_string(i));
  client.send(requests);
  ASSERT_TRUE(eventually([&] { return server.handler.waiting() == 8; }));
  server.handler.answer_later();  // newest first
  for (int i = 0; i < 8; ++i) EXPECT_EQ(body_of(client.read_answer()), std::to_string(i));
}

TEST(Http, reading_pauses_at_the_bound_of_requests_under_way_and_goes_on) {
  Server server;
  Client client(server.port());
  std::string requests;
  for (int i = 0; i < 40; ++i) requests += get("/later?" + std::to_string(i));
  client.send(requests);
  const std::size_t bound = Limits{}.pipelined_max;
  ASSERT_TRUE(eventually([&] { return server.handler.waiting() == bound; }));
  for (int answered = 0; answered < 40;) {
    ASSERT_TRUE(eventually([&] { return server.handler.waiting() > 0; }));
    EXPECT_LE(server.handler.waiting(), bound);
    server.handler.answer_later();
    while (answered < 40) {
      const std::string answer = client.read_answer(std::chrono::milliseconds(100));
      if (answer.empty()) break;
      EXPECT_EQ(body_of(answer), std::to_string(answered++));
    }
  }
}

TEST(Http, connection_close_is_honoured) {
  Server server;
  Client client(server.port());
  client.send(get("/", "Connection: close\r\n"));
  const std::string answer = client.read_all();
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(client.closed());
  client.close();
  EXPECT_TRUE(server.wait_for_connections(0));
}

TEST(Http, http_1_0_closes_unless_it_asks_to_stay) {
  Server server;
  Client once(server.port());
  once.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(status_of(once.read_all()), 200);
  Client stays(server.port());
  for (int i = 0; i < 2; ++i) {
    stays.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_NE(stays.read_answer().find("Connection: keep-alive\r\n"), std::string::npos);
  }
}

TEST(Http, head_gets_the_length_and_no_body) {
  Server server;
  Client client(server.port());
  client.send("HEAD /big HTTP/1.1\r\nHost: test\r\n\r\n" + get("/", "Connection: close\r\n"));
  const std::string both = client.read_all();
  EXPECT_NE(both.find("Content-Length: 300000\r\n"), std::string::npos);
  EXPECT_LT(both.size(), 1000U);
  EXPECT_NE(both.find("Content-Length: 0\r\n"), std::string::npos);
}

TEST(Http, expect_100_continue_is_answered_before_the_body_comes) {
  Server server;
  Client client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hello");
  EXPECT_EQ(body_of(client.read_answer()), "hello");
}

TEST(Http, expect_100_continue_waits_for_the_answers_before_it) {
  Server server;
  Client client(server.port());
  client.send(get("/later?first") + "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return server.handler.waiting() == 1; }));
  EXPECT_EQ(client.read_until("100", std::chrono::milliseconds(50)), "");
  server.handler.answer_later();
  EXPECT_EQ(body_of(client.read_answer()), "first");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST(Http, an_announced_body_above_the_limit_is_refused_without_100) {
  Server server;
  Client client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 65537\r\nExpect: 100-continue\r\n\r\n");
  const std::string answer = client.read_all();
  EXPECT_EQ(status_of(answer), 413);
  EXPECT_NE(answer.find("\"code\":\"payload_too_large\",\"class\":\"final\""), std::string::npos);
}

TEST(Http, a_body_of_exactly_the_limit_is_taken) {
  Server server;
  Client client(server.port());
  const std::string body(64 * 1024, 'b');
  client.send(post("/", body));
  EXPECT_EQ(body_of(client.read_answer()), body);
}

TEST(Http, a_chunked_body_above_the_limit_is_refused) {
  Server server;
  Client client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::string chunk = "8000\r\n" + std::string(0x8000, 'c') + "\r\n";
  for (int i = 0; i < 3; ++i) client.send(chunk);
  EXPECT_EQ(status_of(client.read_all()), 413);
  EXPECT_EQ(server.handler.count(), 0U);
}

TEST(Http, a_large_answer_arrives_whole_at_a_reader_with_a_small_window) {
  Server server;
  Client client(server.port(), 4096);
  client.send(get("/big") + get("/big"));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(body_of(client.read_answer()).size(), 300'000U);
}

TEST(Http, a_handler_cannot_split_an_answer) {
  Server server;
  Client client(server.port());
  client.send(get("/split"));
  const std::string answer = client.read_answer();
  EXPECT_NE(answer.find("X-Evil: a  Set-Cookie: b\r\n"), std::string::npos);
}

TEST(Http, a_client_that_only_closes_its_sending_side_gets_its_answer) {
  Server server;
  Client client(server.port());
  client.send(get("/later?x"));
  client.half_close();
  ASSERT_TRUE(eventually([&] { return server.handler.waiting() == 1; }));
  server.handler.answer_later();
  EXPECT_EQ(body_of(client.read_all()), "x");
  EXPECT_TRUE(server.wait_for_connections(0));
}

TEST(Http, connections_spread_evenly_over_loops) {
  Server server({}, 2);
  std::vector<Client> clients;
  unsigned on_second = 0;
  for (int i = 0; i < 10; ++i) {
    clients.emplace_back(server.port());
    clients.back().send(get("/"));
    clients.back().read_answer();
    on_second += server.handler.last().loop;
  }
  EXPECT_EQ(on_second, 5U);
  // And stay where they are.
  const unsigned before = server.handler.last().loop;
  clients.back().send(get("/"));
  clients.back().read_answer();
  EXPECT_EQ(server.handler.last().loop, before);
}

TEST(Http, draining_finishes_what_is_under_way_and_closes_what_is_idle) {
  Server server;
  Client idle(server.port());
  idle.send(get("/"));
  idle.read_answer();
  Client busy(server.port());
  busy.send(get("/later?done"));
  ASSERT_TRUE(eventually([&] { return server.handler.waiting() == 1; }));
  server.listener().drain();
  EXPECT_TRUE(idle.closed());
  EXPECT_TRUE(server.wait_for_connections(1));
  Client late(server.port());
  EXPECT_TRUE(late.fd() < 0 || late.closed());
  server.handler.answer_later();
  const std::string answer = busy.read_all();
  EXPECT_EQ(body_of(answer), "done");
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  busy.close();
  EXPECT_TRUE(server.wait_for_connections(0));
  EXPECT_EQ(server.log().count("PSW-NET-008"), 1U);
}

TEST(Http, an_inherited_socket_is_served_and_a_descriptor_that_does_not_listen_is_refused) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  SystemClock clock;
  Logger logger(clock, std::make_unique<MemorySink>());
  Registry registry;
  EchoHandler handler;
  Loop loop(0);
  Loop* loops[] = {&loop};
  ListenerOptions options;
  options.inherited_fd = fd;
  const auto refused = Listener::open(options, loops, handler, clock, logger, registry);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("not a listening socket"), std::string::npos);

  const int good = ::socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(::listen(good, 8), 0);
  options.inherited_fd = good;
  Server server(options);
  Client client(server.port());
  client.send(get("/"));
  EXPECT_EQ(status_of(client.read_answer()), 200);
}

TEST(Http, requests_and_bytes_are_counted) {
  Server server;
  Client client(server.port());
  client.send(post("/", "12345"));
  client.read_answer();
  EXPECT_TRUE(eventually([&] { return server.metrics().find("payswitch_http_requests_total{listener=\"public\"} 1\n") != std::string::npos; }));
  EXPECT_NE(server.metrics().find("payswitch_http_connections_total{listener=\"public\"} 1\n"), std::string::npos);
}

}  // namespace
}  // namespace payswitch::daemon::net::testing

// The abuses of the project's list that a connection must survive: A1 to A6 and A18.
#include "daemon/net/server_fixture.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace payswitch::daemon::net::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

ListenerOptions with_limits(void (*change)(Limits&)) {
  ListenerOptions options;
  change(options.limits);
  return options;
}

// The server must still serve others.
void expect_alive(Server& server) {
  Client client(server.port());
  client.send(get("/"));
  EXPECT_EQ(status_of(client.read_answer()), 200);
}

TEST(Abuse, A1_a_chunked_end_in_three_segments_is_one_request) {
  Server server;
  Client client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  for (const std::string_view segment : {"0\r\n", "\r", "\n"}) {
    client.send(segment);
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_EQ(body_of(client.read_answer()), "abc");
  expect_alive(server);
}

TEST(Abuse, A1_a_chunked_request_byte_by_byte_is_one_request) {
  Server server;
  Client client(server.port());
  for (const char c : std::string("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3;x=1\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")) {
    client.send({&c, 1});
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_EQ(body_of(client.read_answer()), "abcde");
  expect_alive(server);
}

class A2_RequestsOfTwoMeanings : public ::testing::TestWithParam<const char*> {};

TEST_P(A2_RequestsOfTwoMeanings, are_refused_with_400_and_reach_no_handler) {
  Server server;
  Client client(server.port());
  client.send(GetParam());
  const std::string answer = client.read_all(seconds(2));
  EXPECT_EQ(status_of(answer), 400) << answer;
  EXPECT_NE(answer.find("Content-Type: application/problem+json\r\n"), std::string::npos);
  EXPECT_NE(answer.find("\"code\":\"malformed_request\",\"class\":\"final\""), std::string::npos);
  EXPECT_EQ(server.handler.count(), 0U);
  expect_alive(server);
}

#define HEAD "POST / HTTP/1.1\r\nHost: test\r\n"
INSTANTIATE_TEST_SUITE_P(A2, A2_RequestsOfTwoMeanings, ::testing::Values(
    HEAD "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    HEAD "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    HEAD "Content-Length: 3, 3\r\n\r\nabc",
    HEAD "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    HEAD "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    HEAD "Content-Length: +3\r\n\r\nabc",
    HEAD "Content-Length: 0x3\r\n\r\nabc",
    HEAD "Content-Length: -1\r\n\r\n",
    HEAD "Content-Length:\r\n\r\n",
    HEAD "Content-Length: 99999999999999999999\r\n\r\n",
    HEAD "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
    HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    HEAD "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    HEAD "Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n\r\nabc",
    HEAD "Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc",
    HEAD "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    HEAD "X-Folded: a\r\n b\r\n\r\n",
    HEAD "X-Folded:\r\n b\r\n\r\n",
    HEAD "X-Folded: a\r\n \r\n\r\n",
    HEAD "X-Folded:\r\n\t\r\n\r\n",
    HEAD " X-Leading: a\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost:\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: user@a\r\n\r\n",
    "GET / HTTP/1.1\nHost: test\n\n",
    "GET / HTTP/1.1\r\nHost: test\n\r\n",
    "GET / HTTP/1.1\r\nHost: test\r\n\n",
    "GET / HTTP/1.1\r\nHost: test\r\nX: a\nb\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: test\r\nX: a\rb\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: test\r\nX: a\x01" "b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: test\r\nX: a\x7f\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: test\r\nX\x80: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: test\r\n: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: test\r\nno colon\r\n\r\n",
    "GET /a b HTTP/1.1\r\nHost: test\r\n\r\n",
    "GET relative HTTP/1.1\r\nHost: test\r\n\r\n",
    "GET /#fragment HTTP/1.1\r\nHost: test\r\n\r\n",
    "GET / HTTP/2.0\r\nHost: test\r\n\r\n",
    "GET / HTTP/1.2\r\nHost: test\r\n\r\n",
    "GET /\r\n\r\n",
    "G(T / HTTP/1.1\r\nHost: test\r\n\r\n",
    "\x16\x03\x01\x02\x01",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    HEAD "Expect: something\r\nContent-Length: 1\r\n\r\na",
    HEAD "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
    HEAD "Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
    HEAD "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n"));
#undef HEAD

TEST(Abuse, A2_a_refusal_waits_for_the_answers_before_it) {
  Server server;
  Client client(server.port());
  client.send(get("/later?good") + "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return server.handler.waiting() == 1; }));
  server.handler.answer_later();
  const std::string both = client.read_all();
  EXPECT_EQ(status_of(both), 200);
  EXPECT_LT(both.find("good"), both.find("HTTP/1.1 400"));
}

TEST(Abuse, A2_what_follows_a_refused_request_is_not_another_request) {
  Server server;
  Client client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + get("/smuggled"));
  EXPECT_EQ(status_of(client.read_all()), 400);
  EXPECT_EQ(server.handler.count(), 0U);
}

TEST(Abuse, A2_a_long_chunk_extension_is_refused) {
  Server server;
  Client client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3;x=" + std::string(300, 'e') + "\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(status_of(client.read_all()), 400);
  Client endless(server.port());
  endless.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3;x=" + std::string(20'000, 'e'));
  EXPECT_EQ(status_of(endless.read_all()), 413);
  EXPECT_EQ(server.handler.count(), 0U);
}

TEST(Abuse, A2_too_many_header_fields_are_refused) {
  Server server;
  Client client(server.port());
  std::string fields;
  for (int i = 0; i < 100; ++i) fields += "X-" + std::to_string(i) + ": 1\r\n";
  client.send(get("/", fields));
  EXPECT_EQ(status_of(client.read_all()), 400);
}

TEST(Abuse, A3_authorization_in_a_trailer_is_ignored) {
  Server server;
  Client client(server.port());
  client.send("POST /header HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n"
              "1\r\na\r\n0\r\nAuthorization: Bearer x\r\nHost: other\r\n\r\n");
  EXPECT_EQ(body_of(client.read_answer()), "anonymous");
  EXPECT_EQ(server.handler.last().headers.size(), 3U);
  EXPECT_EQ(server.handler.last().authority, "test");
  client.send(get("/header", "authorization: Bearer x\r\n"));
  EXPECT_EQ(body_of(client.read_answer()), "authorized");
}

TEST(Abuse, A3_endless_trailers_are_refused) {
  Server server;
  Client client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
  client.send("X-Long: " + std::string(20'000, 't'));
  EXPECT_EQ(status_of(client.read_all()), 413);
}

TEST(Abuse, A4_a_header_that_does_not_end_is_cut_off) {
  Server server(with_limits([](Limits& limits) { limits.header_ms_max = 100; }));
  Client client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: test\r\n");
  for (int i = 0; i < 20; ++i) {
    if (!client.send("X: y\r\n")) break;  // each line in time, the whole is not
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_EQ(status_of(client.read_all()), 400);
  EXPECT_NE(server.metrics().find("payswitch_http_timeouts_total{listener=\"public\",phase=\"header\"} 1\n"), std::string::npos);
  EXPECT_EQ(server.log().count("PSW-NET-006"), 1U);
  EXPECT_EQ(server.handler.count(), 0U);
}

TEST(Abuse, A4_a_body_that_does_not_end_is_cut_off) {
  Server server(with_limits([](Limits& limits) { limits.body_ms_max = 100; }));
  Client client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\n");
  for (int i = 0; i < 15; ++i) {
    if (!client.send("a")) break;
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_EQ(status_of(client.read_all()), 400);
  EXPECT_EQ(server.handler.count(), 0U);
}

TEST(Abuse, A4_a_client_that_does_not_read_is_cut_off) {
  Server server(with_limits([](Limits& limits) { limits.write_idle_ms_max = 200; }));
  Client client(server.port(), 4096);
  std::string requests;
  for (int i = 0; i < 60; ++i) requests += get("/big");
  client.send(requests);
  EXPECT_TRUE(server.wait_for_connections(0));
  // Reading paused long before all of it was answered into memory.
  EXPECT_LT(server.handler.count(), 60U);
  EXPECT_TRUE(eventually([&] { return server.metrics().find("payswitch_http_timeouts_total{listener=\"public\",phase=\"write\"} 1\n") != std::string::npos; }));
  expect_alive(server);
}

TEST(Abuse, A4_an_idle_connection_is_closed_without_a_word) {
  Server server(with_limits([](Limits& limits) { limits.idle_ms_max = 100; }));
  Client silent(server.port());
  Client once(server.port());
  once.send(get("/"));
  EXPECT_EQ(status_of(once.read_answer()), 200);
  EXPECT_TRUE(silent.closed());
  EXPECT_TRUE(once.closed());
}

TEST(Abuse, A5_many_idle_connections_cost_the_others_nothing) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  Server server;
  std::vector<Client> idle;
  for (int i = 0; i < 2'000; ++i) idle.emplace_back(server.port());
  ASSERT_TRUE(server.wait_for_connections(2'000));
  expect_alive(server);
  idle.clear();
  EXPECT_TRUE(server.wait_for_connections(0));
}

TEST(Abuse, A5_connections_above_the_bound_are_turned_away) {
  Server server(with_limits([](Limits& limits) { limits.connections_max = 3; }));
  std::vector<Client> taken;
  for (int i = 0; i < 3; ++i) taken.emplace_back(server.port());
  ASSERT_TRUE(server.wait_for_connections(3));
  Client refused(server.port());
  const std::string answer = refused.read_all();
  EXPECT_EQ(status_of(answer), 503);
  EXPECT_NE(answer.find("\"code\":\"overloaded\",\"class\":\"retry\""), std::string::npos);
  taken.pop_back();
  ASSERT_TRUE(server.wait_for_connections(2));
  expect_alive(server);
}

// In a process of its own, because the limit of descriptors is the process's.
int serve_without_descriptors() {
  Server server;
  Client before(server.port());
  before.send(get("/"));
  if (status_of(before.read_answer()) != 200) return 1;
  // A client's socket made in time, every other descriptor taken.
  const int early = ::socket(AF_INET, SOCK_STREAM, 0);
  std::vector<Fd> taken;
  for (;;) {
    const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0) break;
    taken.emplace_back(fd);
  }
  ::close(early);
  Client refused(server.port());  // takes the descriptor that was just given back
  if (!refused.closed(seconds(2))) return 2;
  if (!eventually([&] { return server.log().count("PSW-NET-002") >= 1; })) return 3;
  before.send(get("/"));
  if (status_of(before.read_answer()) != 200) return 4;
  taken.clear();
  refused.close();
  if (!eventually([&] {
        Client after(server.port());
        after.send(get("/"));
        return status_of(after.read_answer(milliseconds(500))) == 200;
      })) return 5;
  return 0;
}

TEST(Abuse, A5_without_descriptors_the_newcomer_is_closed_and_others_are_served) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const rlimit limit{64, 64};
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::_exit(serve_without_descriptors());
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Abuse, A6_a_body_of_a_gigabyte_is_refused_by_its_announcement) {
  Server server;
  Client client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1073741824\r\n\r\n" + std::string(100'000, 'x'));
  const std::string answer = client.read_all();
  EXPECT_EQ(status_of(answer), 413);
  EXPECT_NE(answer.find("\"code\":\"payload_too_large\""), std::string::npos);
  client.close();
  EXPECT_TRUE(server.wait_for_connections(0));
}

TEST(Abuse, A6_a_header_of_a_megabyte_is_refused) {
  Server server;
  Client client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: test\r\nX-Long: ");
  client.send(std::string(1024 * 1024, 'h'));
  const std::string answer = client.read_all();
  EXPECT_EQ(status_of(answer), 413) << answer;
  expect_alive(server);
}

TEST(Abuse, A6_a_hundred_thousand_pipelined_requests_are_answered_in_bounded_memory) {
  Server server;
  Client client(server.port());
  std::thread sender([&] {
    std::string block;
    for (int i = 0; i < 1'000; ++i) block += get("/");
    for (int i = 0; i < 100; ++i) client.send(block);
  });
  std::size_t answers = 0;
  std::string held;
  while (answers < 100'000) {
    const std::string bytes = client.read_until("\r\n\r\n", seconds(10));
    if (bytes.empty()) break;
    held += bytes;
    std::size_t from = 0;
    for (std::size_t end = held.find("\r\n\r\n"); end != std::string::npos; end = held.find("\r\n\r\n", from)) {
      ++answers;
      from = end + 4;
    }
    held.erase(0, from);
  }
  sender.join();
  EXPECT_EQ(answers, 100'000U);
}

TEST(Abuse, A18_a_client_that_drops_in_the_middle_of_a_request_leaves_nothing_behind) {
  Server server;
  for (const std::string_view part : {"GE", "GET / HTTP/1.1\r\nHost: t", "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc",
                                      "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
    Client closes(server.port());
    closes.send(part);
    closes.close();
    Client resets(server.port());
    resets.send(part);
    std::this_thread::sleep_for(milliseconds(10));
    resets.reset();
  }
  EXPECT_TRUE(server.wait_for_connections(0));
  EXPECT_EQ(server.handler.count(), 0U);
  expect_alive(server);
}

TEST(Abuse, A18_a_client_that_drops_before_its_answer_does_not_disturb_the_handler) {
  Server server;
  Client client(server.port());
  client.send(get("/later?1") + get("/later?2"));
  ASSERT_TRUE(eventually([&] { return server.handler.waiting() == 2; }));
  client.reset();
  ASSERT_TRUE(eventually([&] { return server.metrics().find("payswitch_http_abandoned_total{listener=\"public\"} 1\n") != std::string::npos; }));
  EXPECT_EQ(server.listener().connections(), 1U);  // kept for the handler
  server.handler.answer_later();
  EXPECT_TRUE(server.handler.last_abandoned());
  EXPECT_TRUE(server.wait_for_connections(0));
}

}  // namespace
}  // namespace payswitch::daemon::net::testing

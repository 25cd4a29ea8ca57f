#include "control/server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

namespace payswitch::daemon::control {
namespace {

// One client connection: sends text, reads a line ("" when the server closed).
class Client {
 public:
  explicit Client(const std::string& path) : fd_(std::move(connect_unix(path).value())) {
    const timeval limit{10, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  // A server that does not want us answers and closes before we have sent: what it said is still there to be read.
  void send(std::string_view text) { static_cast<void>(::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL)); }
  std::string line() {
    std::string out;
    for (char c; ::recv(fd_.get(), &c, 1, 0) == 1;) {
      if (c == '\n') return out;
      out += c;
    }
    return "";
  }
  std::string ask(std::string_view request) {
    send(std::string(request) + "\n");
    return line();
  }
  void half_close() { ::shutdown(fd_.get(), SHUT_WR); }

 private:
  Fd fd_;
};

class ControlServer : public testing::Test {
 protected:
  ControlServer() {
    char name[] = "/tmp/psw_control_XXXXXX";
    folder_ = ::mkdtemp(name);
    ::chmod(folder_.c_str(), 0755);
    options_.socket = folder_ + "/control.sock";
    options_.mode = 0666;
    auto sink = std::make_unique<MemorySink>();
    log_ = sink.get();
    logger_.emplace(clock_, std::move(sink));
  }
  ~ControlServer() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }
  Server& make() { return server_.emplace(options_, clock_, *logger_); }
  void start() { ASSERT_TRUE(server_->start().ok()); }
  std::string ask(std::string_view request) { return Client(options_.socket).ask(request); }

  // Asks as another user and group, in a child process.
  std::string ask_as(uid_t uid, gid_t gid, std::string_view request) {
    int pipe[2];
    EXPECT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      std::string answer = "could not change user";
      if (::setgid(gid) == 0 && ::setuid(uid) == 0) {
        Client client(options_.socket);
        client.send(std::string(request) + "\n");
        answer = client.line();
      }
      [[maybe_unused]] const ssize_t written = ::write(pipe[1], answer.data(), answer.size());
      ::_exit(0);
    }
    ::close(pipe[1]);
    std::string answer;
    char buffer[4096];
    for (ssize_t size; (size = ::read(pipe[0], buffer, sizeof buffer)) > 0;) answer.append(buffer, static_cast<std::size_t>(size));
    ::close(pipe[0]);
    ::waitpid(child, nullptr, 0);
    return answer;
  }

  std::string folder_;
  config::Control options_;
  SystemClock clock_;
  MemorySink* log_ = nullptr;
  std::optional<Logger> logger_;
  std::optional<Server> server_;
};

constexpr uid_t stranger = 60'001;
constexpr gid_t strange_group = 60'002;

}  // namespace

TEST_F(ControlServer, answers_with_the_result_of_the_handler_and_leaves_one_audit_line) {
  make().on("transfer show", [](const Request& request, Answer answer) { answer.ok("{\"id\":\"" + std::string(request.argument("id")) + "\"}"); });
  start();
  EXPECT_EQ(ask(R"({"command":"transfer show","args":{"id":"01X"}})"), R"({"ok":true,"result":{"id":"01X"}})");
  EXPECT_EQ(log_->count("PSW-CONTROL-001"), 1u);
  EXPECT_TRUE(log_->contains("transfer show"));
  EXPECT_TRUE(log_->contains("id=01X"));
  EXPECT_TRUE(log_->contains("uid:" + std::to_string(::getuid())));
}

TEST_F(ControlServer, several_requests_of_one_connection_are_answered_in_order) {
  make().on("account show", [](const Request& request, Answer answer) { answer.ok(std::string(request.argument("number"))); });
  start();
  Client client(options_.socket);
  client.send("{\"command\":\"account show\",\"args\":{\"number\":\"1\"}}\n{\"command\":\"account show\",\"args\":{\"number\":\"2\"}}\n");
  client.half_close();
  EXPECT_EQ(client.line(), R"({"ok":true,"result":1})");
  EXPECT_EQ(client.line(), R"({"ok":true,"result":2})");
  EXPECT_EQ(client.line(), "");
}

TEST_F(ControlServer, an_answer_may_come_later_from_another_thread_while_others_are_served) {
  std::mutex mutex;
  std::optional<Answer> kept;
  std::condition_variable arrived;
  make().on("status", [&](const Request&, Answer answer) {
    const std::lock_guard lock(mutex);
    kept = answer;
    arrived.notify_one();
  });
  server_->on("health", [](const Request&, Answer answer) { answer.ok("true"); });
  start();
  Client slow(options_.socket);
  slow.send("{\"command\":\"status\"}\n");
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(arrived.wait_for(lock, std::chrono::seconds(10), [&] { return kept.has_value(); }));
  }
  EXPECT_EQ(ask(R"({"command":"health"})"), R"({"ok":true,"result":true})");
  std::thread([&] { kept->ok("\"late\""); kept->fail("internal", "twice"); }).join();
  EXPECT_EQ(slow.line(), R"({"ok":true,"result":"late"})");
  EXPECT_EQ(log_->count("PSW-CONTROL-001"), 2u) << "the second answer of one request counts for nothing";
}

TEST_F(ControlServer, a_command_that_was_dropped_is_answered_internal) {
  make().on("status", [](const Request&, const Answer&) {});
  start();
  EXPECT_NE(ask(R"({"command":"status"})").find("\"code\":\"internal\""), std::string::npos);
  EXPECT_EQ(log_->count("PSW-CONTROL-004"), 1u);
}

TEST_F(ControlServer, a_command_without_a_handler_is_not_available) {
  make();
  start();
  EXPECT_NE(ask(R"({"command":"status"})").find("\"code\":\"not_available\""), std::string::npos);
}

TEST_F(ControlServer, bad_requests_are_refused_and_audited) {
  make();
  start();
  EXPECT_NE(ask("nonsense").find("\"code\":\"invalid\""), std::string::npos);
  EXPECT_NE(ask(R"({"command":"drop tables"})").find("there is no command"), std::string::npos);
  EXPECT_EQ(log_->count("PSW-CONTROL-001"), 2u);
}

TEST_F(ControlServer, a_request_without_end_is_cut_off_at_its_bound) {
  make();
  start();
  Client client(options_.socket);
  client.send(std::string(config::control_request_bytes_max + 1, 'x'));
  EXPECT_NE(client.line().find("is longer than"), std::string::npos);
  EXPECT_EQ(client.line(), "");
}

TEST_F(ControlServer, connections_above_the_bound_are_closed) {
  make().on("health", [](const Request&, Answer answer) { answer.ok("true"); });
  start();
  std::vector<std::unique_ptr<Client>> clients;
  for (std::uint32_t i = 0; i < Server::connections_max; ++i) {
    clients.push_back(std::make_unique<Client>(options_.socket));
    EXPECT_EQ(clients.back()->ask(R"({"command":"health"})"), R"({"ok":true,"result":true})");
  }
  EXPECT_NE(Client(options_.socket).line().find("too many control connections"), std::string::npos);
  clients.clear();
  std::string answer;
  for (int i = 0; i < 50 && answer.find("true") == std::string::npos; ++i) answer = ask(R"({"command":"health"})");
  EXPECT_EQ(answer, R"({"ok":true,"result":true})") << "room again once they are gone";
}

TEST_F(ControlServer, another_user_without_a_role_is_refused_before_anything_is_read) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root to become another user";
  make().on("status", [](const Request&, Answer answer) { answer.ok("1"); });
  start();
  EXPECT_NE(ask_as(stranger, strange_group, R"({"command":"status"})").find("uid 60001 has no role"), std::string::npos);
  EXPECT_EQ(log_->count("PSW-CONTROL-003"), 1u);
  EXPECT_EQ(log_->count("PSW-CONTROL-001"), 0u);
}

TEST_F(ControlServer, a_viewer_may_look_and_nothing_more) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root to become another user";
  options_.grants = {{false, stranger, config::ControlRole::viewer}};
  make().on("status", [](const Request& request, Answer answer) { answer.ok("\"" + std::string(config::to_string(request.role)) + "\""); });
  server_->on("account close", [](const Request&, Answer answer) { answer.ok("1"); });
  start();
  EXPECT_EQ(ask_as(stranger, strange_group, R"({"command":"status"})"), R"({"ok":true,"result":"viewer"})");
  const std::string refused = ask_as(stranger, strange_group, R"({"command":"account close","args":{"number":"1"}})");
  EXPECT_NE(refused.find("\"code\":\"forbidden\""), std::string::npos) << refused;
  EXPECT_NE(refused.find("needs the role operator, uid 60001 has viewer"), std::string::npos) << refused;
  EXPECT_EQ(log_->count("PSW-CONTROL-001"), 2u) << "the refused one too";
}

TEST_F(ControlServer, a_group_gives_its_role_and_the_highest_counts) {
  options_.grants = {{true, strange_group, config::ControlRole::resolver}, {false, stranger, config::ControlRole::viewer}};
  make();
  EXPECT_EQ(server_->role_of({stranger, strange_group, 1}), config::ControlRole::resolver);
  EXPECT_EQ(server_->role_of({stranger, 1, 1}), config::ControlRole::viewer);
  EXPECT_EQ(server_->role_of({stranger + 1, 1, 1}), config::ControlRole::none);
  EXPECT_EQ(server_->role_of({0, 0, 1}), config::ControlRole::admin);
  EXPECT_EQ(server_->role_of({::geteuid(), 1, 1}), config::ControlRole::admin);
}

TEST_F(ControlServer, a_second_daemon_on_the_socket_is_refused_and_a_stale_file_replaced) {
  make();
  start();
  Server second(options_, clock_, *logger_);
  EXPECT_FALSE(second.start().ok());
  server_->stop();
  EXPECT_FALSE(std::filesystem::exists(options_.socket));
  ASSERT_TRUE(listen_unix(options_.socket, 0600).ok()) << "leaves a file that nobody listens on";
  EXPECT_TRUE(second.start().ok());
}

TEST_F(ControlServer, stopping_answers_what_is_still_open) {
  std::mutex mutex;
  std::optional<Answer> kept;
  std::condition_variable arrived;
  make().on("status", [&](const Request&, Answer answer) {
    const std::lock_guard lock(mutex);
    kept = answer;
    arrived.notify_one();
  });
  start();
  Client client(options_.socket);
  client.send("{\"command\":\"status\"}\n");
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(arrived.wait_for(lock, std::chrono::seconds(10), [&] { return kept.has_value(); }));
  }
  server_->stop();
  EXPECT_EQ(client.line(), "") << "the connection is closed";
  kept->ok("1");  // too late, and harmless
  EXPECT_EQ(log_->count("PSW-CONTROL-001"), 1u);
}

}  // namespace payswitch::daemon::control

#include "control/server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "control/answer.h"
#include "control/messages.h"
#include "control/request.h"

namespace payswitch::daemon::control {
namespace {

constexpr int poll_ms_max = 1000;  // how late a time limit may be noticed

struct Connection {
  Fd fd;
  std::uint64_t id = 0;
  Peer peer;
  config::ControlRole role = config::ControlRole::none;
  std::string input;
  std::string output;
  bool open = false;                   // a request is being carried out; answers are given in order, one at a time
  std::weak_ptr<Answer::State> state;  // of that request; owned by its handler's copies of the answer
  std::uint64_t since_ns = 0;           // of the open request, or of the last byte
  bool input_ended = false;
  bool broken = false;
};

}  // namespace

std::string_view Request::argument(std::string_view name, std::string_view otherwise) const {
  const auto found = arguments.find(name);
  return found == arguments.end() ? otherwise : std::string_view(found->second);
}

struct Server::Impl {
  Impl(const config::Control& control, const Clock& time, Logger& log) : options(control), clock(time), logger(log) {}

  const config::Control options;
  const Clock& clock;
  Logger& logger;
  std::unordered_map<std::string_view, Handler> handlers;  // keys: names in the command table
  Fd listener;
  std::shared_ptr<Mailbox> mailbox = std::make_shared<Mailbox>();
  std::unordered_map<std::uint64_t, Connection> connections;
  std::uint64_t next_id = 1;
  std::thread thread;

  config::ControlRole role_of(const Peer& peer) const {
    if (peer.uid == 0 || peer.uid == ::geteuid()) return config::ControlRole::admin;
    config::ControlRole best = config::ControlRole::none;
    for (const config::ControlGrant& grant : options.grants)
      if ((grant.group ? grant.id == peer.gid : grant.id == peer.uid) && grant.role > best) best = grant.role;
    return best;
  }

  void run() {
    std::vector<pollfd> descriptors;
    std::vector<std::uint64_t> owners;
    while (!mailbox->closed()) {
      deliver();
      limit_times();
      drop_broken();
      descriptors.assign({{mailbox->event().fd(), POLLIN, 0}, {listener.get(), POLLIN, 0}});
      owners.clear();
      for (const auto& [id, connection] : connections) {
        // While a request is carried out nothing more is read: the socket's own buffer is the bound.
        const bool reads = !connection.open && connection.output.empty() && !connection.input_ended;
        descriptors.push_back({connection.fd.get(), static_cast<short>((reads ? POLLIN : 0) | (connection.output.empty() ? 0 : POLLOUT)), 0});
        owners.push_back(id);
      }
      if (mailbox->event().announce_sleep([&] { return mailbox->empty(); })) {
        ::poll(descriptors.data(), descriptors.size(), poll_ms_max);
        mailbox->event().awake();
      }
      if ((descriptors[0].revents & POLLIN) != 0) mailbox->event().drain();
      if ((descriptors[1].revents & POLLIN) != 0) accept();
      for (std::size_t i = 0; i < owners.size(); ++i)
        if (descriptors[i + 2].revents != 0) serve(connections.at(owners[i]), descriptors[i + 2].revents);
    }
    for (auto& [id, connection] : connections)
      if (const auto state = connection.state.lock()) state->finish("timeout", error_line("timeout", "the daemon is stopping"));
    connections.clear();
  }

  void accept() {
    Fd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) return;
    const Result<PeerCredentials> credentials = peer_credentials(fd.get());
    if (!credentials.ok()) return;
    Connection connection;
    connection.peer = {credentials->uid, credentials->gid, credentials->pid};
    connection.role = role_of(connection.peer);
    const bool full = connections.size() >= connections_max;
    if (full || connection.role == config::ControlRole::none) {
      logger.write(peer_unknown, {{"uid", credentials->uid}, {"gid", credentials->gid}, {"pid", credentials->pid}, {"full", full}});
      const std::string line = full ? error_line("refused", "too many control connections")
                                    : error_line("forbidden", "uid " + std::to_string(credentials->uid) + " has no role in [control]");
      [[maybe_unused]] const ssize_t told = ::send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      return;
    }
    connection.fd = std::move(fd);
    connection.id = next_id++;
    connection.since_ns = clock.monotonic_ns();
    connections.emplace(connection.id, std::move(connection));
  }

  void serve(Connection& connection, short events) {
    if ((events & (POLLERR | POLLNVAL)) != 0) {
      connection.broken = true;
      return;
    }
    if ((events & POLLOUT) != 0) write(connection);
    if ((events & (POLLIN | POLLHUP)) != 0 && !connection.open) read(connection);
    else if ((events & POLLHUP) != 0) connection.broken = true;  // the client is gone; its command goes on, unread
  }

  void read(Connection& connection) {
    char buffer[16 * 1024];
    const ssize_t size = ::recv(connection.fd.get(), buffer, sizeof buffer, 0);
    if (size < 0) {
      connection.broken = errno != EAGAIN && errno != EINTR;
      return;
    }
    if (size == 0) connection.input_ended = true;
    connection.input.append(buffer, static_cast<std::size_t>(size));
    next_request(connection);
  }

  void next_request(Connection& connection) {
    if (connection.open || !connection.output.empty()) return;
    const auto end = connection.input.find('\n');
    if (end == std::string::npos) {
      if (connection.input.size() > config::control_request_bytes_max) {
        connection.output = error_line("invalid", "the request is longer than " + std::to_string(config::control_request_bytes_max) + " bytes");
        connection.input_ended = true;
        connection.input.clear();
        write(connection);
      } else if (connection.input_ended) {
        connection.broken = true;
      }
      return;
    }
    const std::string line = connection.input.substr(0, end);
    connection.input.erase(0, end + 1);
    dispatch(connection, line);
  }

  void dispatch(Connection& connection, const std::string& line) {
    auto state = std::make_shared<Answer::State>();
    state->connection = connection.id;
    state->logger = &logger;
    state->mailbox = mailbox;
    state->request.peer = connection.peer;
    state->request.role = connection.role;
    state->request.actor = "uid:" + std::to_string(connection.peer.uid);
    connection.open = true;
    connection.state = state;
    connection.since_ns = clock.monotonic_ns();
    const Answer answer(state);
    Refusal refusal;
    if (!read_request(line, state->request, refusal)) return answer.fail(refusal.code, refusal.message);
    const config::CommandSpec& command = *state->request.command;
    if (connection.role < command.role)
      return answer.fail("forbidden", "\"" + std::string(command.name) + "\" needs the role " + std::string(config::to_string(command.role)) +
                                          ", uid " + std::to_string(connection.peer.uid) + " has " + std::string(config::to_string(connection.role)));
    const auto handler = handlers.find(command.name);
    if (handler == handlers.end()) return answer.fail("not_available", "this daemon does not have \"" + std::string(command.name) + "\"");
    handler->second(state->request, answer);
  }

  void deliver() {
    for (Finished& finished : mailbox->take()) {
      const auto found = connections.find(finished.connection);
      if (found == connections.end() || !found->second.open) continue;
      found->second.open = false;
      found->second.output = std::move(finished.line);
      found->second.since_ns = clock.monotonic_ns();
      write(found->second);
    }
  }

  void write(Connection& connection) {
    while (!connection.output.empty()) {
      const ssize_t size = ::send(connection.fd.get(), connection.output.data(), connection.output.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (size < 0) {
        if (errno == EINTR) continue;
        connection.broken = errno != EAGAIN;
        return;
      }
      connection.output.erase(0, static_cast<std::size_t>(size));
      connection.since_ns = clock.monotonic_ns();
    }
    next_request(connection);
  }

  void limit_times() {
    const std::uint64_t now = clock.monotonic_ns();
    for (auto& [id, connection] : connections) {
      const std::uint64_t passed_ms = (now - connection.since_ns) / 1'000'000;
      if (connection.open) {
        if (const auto state = connection.state.lock(); state && passed_ms > answer_ms_max) state->finish("timeout", error_line("timeout", "no answer yet; the command may still be carried out"));
      } else if (passed_ms > idle_ms_max) {
        connection.broken = true;
      }
    }
  }

  void drop_broken() {
    for (auto it = connections.begin(); it != connections.end();) it = it->second.broken ? connections.erase(it) : std::next(it);
  }
};

Server::Server(const config::Control& options, const Clock& clock, Logger& logger) : impl_(std::make_unique<Impl>(options, clock, logger)) {}

Server::~Server() { stop(); }

void Server::on(std::string_view command, Handler handler) {
  const config::CommandSpec* spec = config::find_command(command);
  PSW_ASSERT(spec != nullptr && !impl_->thread.joinable());
  PSW_ASSERT(impl_->handlers.emplace(spec->name, std::move(handler)).second);
}

Result<void> Server::start() {
  Result<Fd> listener = listen_unix(impl_->options.socket, impl_->options.mode);
  if (!listener.ok()) return listener.error();
  impl_->listener = std::move(*listener);
  ::fcntl(impl_->listener.get(), F_SETFL, O_NONBLOCK);
  impl_->logger.write(control_listening, {{"socket", impl_->options.socket}});
  impl_->thread = std::thread([this] { impl_->run(); });
  return {};
}

void Server::stop() {
  if (!impl_->thread.joinable()) return;
  impl_->mailbox->close();
  impl_->thread.join();
  impl_->listener.reset();
  ::unlink(impl_->options.socket.c_str());
}

config::ControlRole Server::role_of(const Peer& peer) const { return impl_->role_of(peer); }

}  // namespace payswitch::daemon::control

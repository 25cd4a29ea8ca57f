#include "net/client_call.h"

#include <payswitch/failpoint.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace payswitch::daemon::net {
namespace {

constexpr std::uint32_t socket_events = EPOLLIN | EPOLLOUT | EPOLLRDHUP;
constexpr std::size_t fields_max = 100;
constexpr std::size_t read_bytes = 16 * 1024;

constexpr std::uint64_t wait_ns_max = 24ULL * 3600 * 1'000'000'000;  // more would overflow the timer's clock

// A line end in a name, value or target would begin another request.
void append_clean(std::string& out, std::string_view text) {
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
}

std::string serialise(const ClientRequest& request) {
  std::string out;
  out.reserve(256 + request.body.size());
  append_clean(out, request.method);
  out += ' ';
  append_clean(out, request.target);
  out.append(" HTTP/1.1\r\nHost: ");
  const bool v6 = request.host.find(':') != std::string_view::npos;
  out.append(v6 ? "[" : "");
  append_clean(out, request.host);
  out.append(v6 ? "]" : "");
  if (request.port != (request.tls_profile.empty() ? 80 : 443)) out.append(":").append(std::to_string(request.port));
  out.append("\r\n");
  for (const Header& header : request.headers) {
    append_clean(out, header.name);
    out.append(": ");
    append_clean(out, header.value);
    out.append("\r\n");
  }
  if (!request.body.empty() || (request.method != "GET" && request.method != "HEAD")) {
    out.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  }
  return out.append("\r\n").append(request.body);
}

}  // namespace

ClientCall::ClientCall(CallOwner& owner, std::uint64_t number, const ClientRequest& request, ClientCallback callback, TlsContextPtr tls, std::uint64_t now_ns)
    : owner_(owner), number_(number), callback_(callback), tls_(std::move(tls)), host_(request.host), port_(request.port),
      key_(std::string(request.host) + " " + std::to_string(request.port) + " " + std::string(request.tls_profile)),
      body_bytes_max_(request.body_bytes_max), head_request_(request.method == "HEAD"), started_ns_(now_ns), out_(serialise(request)),
      body_(arena_), deadline_(owner.loop().context()) {
  const std::uint64_t left_ns = request.call_deadline_ns > now_ns ? request.call_deadline_ns - now_ns : 0;
  deadline_.expires_after(std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(left_ns, wait_ns_max))));
  deadline_.async_wait([this, alive = std::weak_ptr<bool>(alive_)](const boost::system::error_code& error) {
    if (!error && !alive.expired()) fail(ClientError::deadline, "the call deadline passed");
  });
}

ClientCall::~ClientCall() {
  if (registered_) owner_.loop().poller().remove(transport_.fd(), *this);
}

void ClientCall::connect(const std::vector<SocketAddress>& addresses) {
  if (ended_) return;
  if (addresses.empty()) return fail(ClientError::resolve_failed, "no address for " + host_);
  addresses_ = addresses;
  connect_next();
}

// One address after the other, until one answers or the deadline passes.
void ClientCall::connect_next() {
  phase_ = Phase::connect;
  if (PSW_FAILPOINT("client.connect")) return fail(ClientError::connect_failed, "failpoint");
  while (next_address_ < addresses_.size()) {
    const SocketAddress& address = addresses_[next_address_++];
    Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) {
      connect_errno_ = errno;
      continue;
    }
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd.get(), address.native(), address.size()) != 0 && errno != EINPROGRESS) {
      connect_errno_ = errno;
      continue;
    }
    transport_ = Transport(std::move(fd), tls_.get(), false, host_);
    state_ = State::connecting;
    registered_ = owner_.loop().poller().add(transport_.fd(), socket_events, *this);
    if (!registered_) return fail(ClientError::connect_failed, "the socket cannot be watched");
    return;
  }
  fail(ClientError::connect_failed, errno_error("connect", host_ + ":" + std::to_string(port_), connect_errno_).message);
}

void ClientCall::reuse(Transport transport, std::string peer_spki) {
  reused_ = true;
  transport_ = std::move(transport);
  peer_spki_ = std::move(peer_spki);
  phase_ = transport_.secure() ? Phase::tls : Phase::connect;
  state_ = State::exchanging;
  registered_ = owner_.loop().poller().add(transport_.fd(), socket_events, *this);
  if (!registered_) return fail(ClientError::connect_failed, "the socket cannot be watched");
  send();
}

void ClientCall::on_ready(std::uint32_t events) noexcept {
  if (ended_) return;
  if (state_ == State::connecting) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(transport_.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      connect_errno_ = error;
      owner_.loop().poller().remove(transport_.fd(), *this);
      registered_ = false;
      transport_.close();
      return connect_next();
    }
    if ((events & EPOLLOUT) == 0) return;
    state_ = State::handshake;
  }
  if (state_ == State::handshake) {
    if (transport_.secure()) phase_ = Phase::tls;
    const Io io = PSW_FAILPOINT("client.handshake") ? Io::failed : transport_.handshake();
    if (io == Io::again) return;
    if (io != Io::done) return fail(ClientError::tls_failed, transport_.verify_failure());
    peer_spki_ = transport_.peer_spki();
    state_ = State::exchanging;
  }
  if (sent_ < out_.size()) send();
  if (!ended_ && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) receive();
}

void ClientCall::send() {
  if (phase_ < Phase::sent_some) (void)PSW_FAILPOINT("client.before_first_byte");
  // From here on the peer may have acted, whatever the system call says.
  phase_ = std::max(phase_, Phase::sent_some);
  while (sent_ < out_.size()) {
    std::size_t sent = 0;
    const std::size_t left = out_.size() - sent_;
    const Io io = transport_.write(out_.data() + sent_, PSW_FAILPOINT("client.split") ? (left + 1) / 2 : left, sent);
    if (io == Io::again) return;
    if (io != Io::done) {
      // The peer may have answered before it stopped reading.
      receive();
      if (!ended_) fail(ClientError::closed, "the connection broke while the request was sent");
      return;
    }
    sent_ += sent;
    if (sent_ < out_.size() && PSW_FAILPOINT("client.half_sent")) return fail(ClientError::closed, "failpoint");
  }
  phase_ = std::max(phase_, Phase::sent_all);
  if (PSW_FAILPOINT("client.sent")) fail(ClientError::closed, "failpoint");
}

void ClientCall::receive() {
  if (phase_ < Phase::sent_some) return;
  std::array<char, read_bytes> block;
  while (!ended_) {
    std::size_t got = 0;
    switch (transport_.read(block.data(), block.size(), got)) {
      case Io::again: return;
      case Io::done: take({block.data(), got}); break;
      case Io::closed:
      case Io::failed:
        if (got_head_ && !head_.no_body && !head_.chunked && !head_.has_length) return finish();  // a body that ends with the connection
        return fail(ClientError::closed, got_head_ ? "the connection ended inside the answer" : "the connection ended before an answer");
    }
  }
}

void ClientCall::take(std::string_view bytes) {
  in_.append(bytes);
  if (!got_head_) take_head();
  if (got_head_ && !ended_) take_body();
}

void ClientCall::take_head() {
  for (;;) {
    const std::size_t size = find_head_end(in_, searched_);
    const std::uint32_t bytes_max = owner_.limits().header_bytes_max;
    if (size == 0) {
      searched_ = in_.size();
      if (in_.size() > bytes_max) fail(ClientError::answer_too_large, "the header of the answer is too large");
      return;
    }
    searched_ = 0;
    auto* copy = static_cast<char*>(arena_.allocate(size, 1));
    std::memcpy(copy, in_.data(), size);
    in_.erase(0, size);
    fields_.resize(fields_max);
    if (const HttpError error = parse_response_head({copy, size}, {bytes_max, body_bytes_max_}, head_request_, fields_, head_)) {
      return fail(error.too_large ? ClientError::answer_too_large : ClientError::malformed_answer, error.reason);
    }
    fields_.resize(head_.field_count);
    if (head_.status / 100 == 1) {
      if (head_.status == 101) return fail(ClientError::malformed_answer, "the server switches protocols");
      continue;  // an interim answer
    }
    break;
  }
  if (PSW_FAILPOINT("client.got_head")) return fail(ClientError::closed, "failpoint");
  got_head_ = true;
  phase_ = Phase::got_head;
  if (head_.has_length && !head_.no_body && head_.content_length > body_bytes_max_) {
    return fail(ClientError::answer_too_large, "the body of the answer is too large");
  }
  if (head_.chunked && !head_.no_body) {
    chunked_ = std::make_unique<ChunkedReader>(ChunkedReader::ReadLimits{body_bytes_max_, 256, owner_.limits().header_bytes_max});
  }
}

void ClientCall::take_body() {
  std::size_t used = 0;
  if (head_.no_body) return finish();
  if (chunked_) {
    if (const HttpError error = chunked_->put(in_, used, body_)) {
      return fail(error.too_large ? ClientError::answer_too_large : ClientError::malformed_answer, error.reason);
    }
    in_.erase(0, used);
    if (chunked_->done()) finish();
    return;
  }
  used = in_.size();
  if (head_.has_length) used = std::min(used, static_cast<std::size_t>(head_.content_length) - body_.size());
  if (body_.size() + used > body_bytes_max_) return fail(ClientError::answer_too_large, "the body of the answer is too large");
  if (!body_.append(std::string_view(in_).substr(0, used))) return fail(ClientError::answer_too_large, "no memory for the answer");
  in_.erase(0, used);
  if (head_.has_length && body_.size() == head_.content_length) finish();
}

void ClientCall::finish() {
  phase_ = Phase::done;
  end();
}

void ClientCall::fail(ClientError error, std::string detail) noexcept {
  if (ended_) return;
  if (reused_ && !got_head_ && phase_ > Phase::sent_some) phase_ = Phase::sent_some;
  error_ = error;
  detail_ = std::move(detail);
  end();
}

void ClientCall::end() noexcept {
  ended_ = true;
  deadline_.cancel();
  if (registered_) owner_.loop().poller().remove(transport_.fd(), *this);
  registered_ = false;
  if (error_ != ClientError::none) transport_.close();
  owner_.ended(*this);
}

void ClientCall::deliver() {
  (void)PSW_FAILPOINT("client.before_delivery");
  ClientAnswer answer;
  answer.phase = phase_;
  answer.error = error_;
  answer.detail = detail_;
  if (error_ == ClientError::none) {
    answer.status = head_.status;
    answer.headers = fields_;
    answer.body = body_.view();
    answer.peer_spki = peer_spki_;
  }
  callback_.function(callback_.context, answer);
}

bool ClientCall::give_back(Transport& transport, std::string& peer_spki) {
  // Bytes behind the answer, or a body that ended with the connection: nothing can follow.
  if (error_ != ClientError::none || !head_.keep_alive || !in_.empty() || sent_ < out_.size()) return false;
  if (!head_.no_body && !head_.chunked && !head_.has_length) return false;
  transport = std::move(transport_);
  peer_spki = std::move(peer_spki_);
  return true;
}

}  // namespace payswitch::daemon::net

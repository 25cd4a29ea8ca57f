#include "net/connection.h"

#include <cstring>

#include "base/assert.h"
#include "net/hub.h"
#include "net/messages.h"

namespace payswitch::daemon::net {
namespace {

constexpr std::uint32_t socket_events = EPOLLIN | EPOLLOUT | EPOLLRDHUP;
constexpr std::uint32_t discarded_bytes_max = 4 * 1024 * 1024;
constexpr std::size_t pending_kept_bytes = 4 * 1024;  // capacity that an idle connection may keep

}  // namespace

Connection::Connection(Hub& hub, Transport transport, std::string remote)
    : hub_(hub), transport_(std::move(transport)), since_ms_(hub.now_ms()), remote_(std::move(remote)) {}

Connection::~Connection() {
  // Only when loops have stopped are there still exchanges; nobody will answer them.
  for (ServerExchange* exchange = oldest_; exchange != nullptr;) {
    ServerExchange* next = exchange->next_;
    hub_.exchanges().give(exchange);
    exchange = next;
  }
  if (receiving_ != nullptr) hub_.exchanges().give(receiving_);
}

Loop& Connection::loop() noexcept { return hub_.loop(); }

void Connection::start() noexcept {
  if (!transport_.secure()) state_ = State::open;
  // If something is there already, the poller says so at once.
  if (!hub_.loop().poller().add(transport_.fd(), socket_events, *this)) abort();
}

void Connection::on_ready(std::uint32_t events) noexcept {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return abort();
  if ((events & (EPOLLIN | EPOLLRDHUP)) != 0) readable_ = true;
  if ((events & EPOLLRDHUP) != 0) hung_up_ = true;
  if ((events & EPOLLOUT) != 0 && !output_.empty()) hub_.mark_dirty(*this);
  if (readable_ || state_ == State::handshake) pump();
}

bool Connection::paused() const noexcept {
  return in_flight_ >= hub_.limits().pipelined_max || output_.size() >= hub_.limits().output_bytes_max;
}

void Connection::pump() noexcept {
  if (state_ == State::handshake) {
    const Io io = transport_.handshake();
    if (io == Io::again) return;
    if (io != Io::done) {
      ++hub_.counts().handshakes_failed;
      hub_.log(tls_handshake_failed, hub_.handshake_lines, remote_, Transport::failure_text());
      return abort();
    }
    state_ = State::open;
    since_ms_ = hub_.now_ms();
    peer_spki_ = transport_.peer_spki();
  }
  if (state_ == State::lingering) return discard();
  if (state_ == State::gone || stop_reading_ || paused()) return;
  if (!pending_.empty() && !needs_more_) {
    const std::size_t used = consume({pending_.data() + pending_begin_, pending_.size() - pending_begin_});
    pending_begin_ += used;
    if (pending_begin_ == pending_.size() || stop_reading_ || gone()) {
      pending_.clear();
      pending_begin_ = 0;
    }
    if (state_ != State::open || stop_reading_ || paused()) return;
  }
  if (readable_) read_once();
}

void Connection::read_once() noexcept {
  const std::span<char> scratch = hub_.scratch();
  const std::size_t had = pending_.size() - pending_begin_;
  PSW_ASSERT(had + Hub::read_bytes <= scratch.size());
  if (had > 0) std::memcpy(scratch.data(), pending_.data() + pending_begin_, had);
  std::size_t got = 0;
  switch (transport_.read(scratch.data() + had, Hub::read_bytes, got)) {
    case Io::again: readable_ = false; return;
    case Io::closed: return on_end_of_input();
    case Io::failed: return abort();
    case Io::done: break;
  }
  hub_.counts().received_bytes += got;
  // A short read emptied the socket; the kernel will tell when there is more (epoll(7)).
  if (got < Hub::read_bytes && !transport_.secure() && !hung_up_) readable_ = false;
  const std::string_view bytes(scratch.data(), had + got);
  const std::size_t used = consume(bytes);
  if (gone()) return;
  keep_rest(stop_reading_ ? std::string_view() : bytes.substr(used));
  if (readable_ && !stop_reading_ && !paused()) hub_.mark_again(*this);
}

void Connection::keep_rest(std::string_view rest) noexcept {
  pending_begin_ = 0;
  pending_.assign(rest.begin(), rest.end());
  if (rest.empty() && pending_.capacity() > pending_kept_bytes) pending_.shrink_to_fit();
}

std::size_t Connection::consume(std::string_view bytes) noexcept {
  std::size_t at = 0;
  needs_more_ = false;
  while (at < bytes.size() && state_ == State::open && !stop_reading_ && !paused()) {
    const std::size_t used = receiving_ != nullptr ? continue_body(bytes.substr(at)) : begin_request(bytes.substr(at));
    if (used == 0) {
      needs_more_ = true;
      break;
    }
    at += used;
  }
  return at;
}

std::size_t Connection::begin_request(std::string_view bytes) noexcept {
  const Limits& limits = hub_.limits();
  const std::size_t head_bytes = find_head_end(bytes, searched_);
  if (head_bytes == 0) {
    if (searched_ == 0) since_ms_ = hub_.now_ms();  // the header's time begins with its first byte
    searched_ = bytes.size();
    if (const HttpError error = check_partial_head(bytes, limits.header_bytes_max)) refuse(error);
    return 0;
  }
  searched_ = 0;
  if (head_bytes > limits.header_bytes_max) return refuse({"the header is too large", true}), 0;

  ServerExchange& exchange = *hub_.exchanges().take(*this, limits.exchange_bytes_max);
  receiving_ = &exchange;
  auto* copy = static_cast<char*>(exchange.arena_.allocate(head_bytes, 1));
  std::memcpy(copy, bytes.data(), head_bytes);
  RequestHead head;
  const std::span<Header> fields = hub_.fields();
  if (const HttpError error = parse_request_head({copy, head_bytes}, {limits.header_bytes_max, limits.body_bytes_max}, fields, head)) {
    refuse(error);
    return 0;
  }
  auto* kept = static_cast<Header*>(exchange.arena_.allocate(head.field_count * sizeof(Header), alignof(Header)));
  std::uninitialized_copy_n(fields.begin(), head.field_count, kept);
  exchange.request_ = {head.method, head.target, head.path, head.query, head.authority, {kept, head.field_count}, {}, remote_, peer_spki_};
  exchange.keep_alive_ = head.keep_alive;
  exchange.http_1_0_ = head.http_1_0;
  exchange.head_only_ = head.method == "HEAD";
  exchange.wants_continue_ = head.expect_continue;
  exchange.body_expected_ = head.content_length;
  if (head.chunked) {
    exchange.chunked_ = std::make_unique<ChunkedReader>(
        ChunkedReader::ReadLimits{limits.body_bytes_max, limits.chunk_extension_bytes_max, limits.header_bytes_max});
  }
  if (!head.chunked && head.content_length == 0) {
    dispatch();
  } else {
    since_ms_ = hub_.now_ms();
    if (exchange.wants_continue_ && bytes.size() == head_bytes) offer_continue();
  }
  return head_bytes;
}

std::size_t Connection::continue_body(std::string_view bytes) noexcept {
  ServerExchange& exchange = *receiving_;
  std::size_t used = 0;
  if (exchange.chunked_) {
    if (const HttpError error = exchange.chunked_->put(bytes, used, exchange.body_)) return refuse(error), 0;
    if (exchange.chunked_->done()) dispatch();
    return used;
  }
  used = std::min(bytes.size(), static_cast<std::size_t>(exchange.body_expected_) - exchange.body_.size());
  if (!exchange.body_.append(bytes.substr(0, used))) return refuse({"the body is too large", true}), 0;
  if (exchange.body_.size() == exchange.body_expected_) dispatch();
  return used;
}

// Answers before it come first: the client must not take the interim answer for one of theirs.
void Connection::offer_continue() noexcept {
  if (oldest_ != nullptr) {
    continue_owed_ = true;
    return;
  }
  continue_owed_ = false;
  output_.append("HTTP/1.1 100 Continue\r\n\r\n");
  hub_.mark_dirty(*this);
}

void Connection::enqueue(ServerExchange& exchange) noexcept {
  if (newest_ != nullptr) newest_->next_ = &exchange;
  else oldest_ = &exchange;
  newest_ = &exchange;
  ++in_flight_;
}

void Connection::dispatch() noexcept {
  ServerExchange& exchange = *receiving_;
  receiving_ = nullptr;
  continue_owed_ = false;
  exchange.request_.body = exchange.body_.view();
  if (!exchange.keep_alive_) stop_reading_ = true;
  ++hub_.counts().requests;
  enqueue(exchange);
  hub_.handler().handle(exchange);  // may answer at once: the exchange is not touched again here
}

void Connection::refuse(const HttpError& error) noexcept {
  ++(error.too_large ? hub_.counts().too_large : hub_.counts().malformed);
  hub_.log(request_refused, hub_.refused_lines, remote_, error.reason);
  ServerExchange& exchange = receiving_ != nullptr ? *receiving_ : *hub_.exchanges().take(*this, hub_.limits().exchange_bytes_max);
  receiving_ = nullptr;
  continue_owed_ = false;
  stop_reading_ = true;
  exchange.keep_alive_ = false;
  enqueue(exchange);
  const int status = error.too_large ? 413 : 400;
  char memory[512];
  const Header type{"Content-Type", "application/problem+json"};
  exchange.respond(status, {&type, 1}, problem_body(status, error.too_large ? "payload_too_large" : "malformed_request", "final", error.reason, memory));
}

void Connection::refuse_for_time(const char* reason) noexcept {
  hub_.log(connection_timed_out, hub_.slow_lines, remote_, reason);
  refuse({reason});
}

void Connection::respond(ServerExchange& exchange, int status, std::span<const Header> headers, std::string_view body) noexcept {
  PSW_ASSERT(!exchange.answered_ && oldest_ != nullptr);
  const bool was_paused = paused();
  if (&exchange != oldest_) {
    exchange.answered_ = true;
    if (!gone()) {
      const bool close = !exchange.keep_alive_ || (hub_.draining() && &exchange == newest_ && receiving_ == nullptr);
      if (close) stop_reading_ = close_after_ = true;
      append_answer(exchange, status, headers, body, close, true);
    }
    return;
  }
  if (!gone()) {
    const bool close = !exchange.keep_alive_ || (hub_.draining() && &exchange == newest_ && receiving_ == nullptr);
    if (close) stop_reading_ = close_after_ = true;
    append_answer(exchange, status, headers, body, close, false);
  }
  pop();
  while (oldest_ != nullptr && oldest_->answered_) {
    if (!gone()) output_.append(oldest_->saved_);
    pop();
  }
  if (gone()) {
    if (oldest_ == nullptr) hub_.bury(*this);
    return;
  }
  hub_.mark_dirty(*this);
  if (oldest_ == nullptr) {
    if (searched_ == 0 && receiving_ == nullptr) since_ms_ = hub_.now_ms();
    if (continue_owed_) offer_continue();
  }
  if (was_paused && !paused() && !stop_reading_ && (readable_ || !pending_.empty())) hub_.mark_again(*this);
}

void Connection::append_answer(ServerExchange& exchange, int status, std::span<const Header> headers, std::string_view body, bool close, bool save) noexcept {
  const Answer answer{status, headers, body, hub_.date(), close, exchange.http_1_0_ && exchange.keep_alive_, exchange.head_only_};
  const std::size_t bound = answer_bytes_bound(answer);
  if (!save) {
    output_.wrote(write_answer(answer, output_.room(bound)));
    return;
  }
  // Its turn has not come: kept in the exchange's own memory. If that is full, the connection ends and the client learns nothing.
  try {
    auto* memory = static_cast<char*>(exchange.arena_.allocate(bound, 1));
    exchange.saved_ = {memory, write_answer(answer, memory)};
  } catch (...) {
    abort();
  }
}

void Connection::pop() noexcept {
  ServerExchange* done = oldest_;
  oldest_ = done->next_;
  if (oldest_ == nullptr) newest_ = nullptr;
  --in_flight_;
  hub_.exchanges().give(done);
}

void Connection::flush() noexcept {
  if (gone()) return;
  const bool was_paused = paused();
  while (!output_.empty()) {
    std::size_t sent = 0;
    const std::string_view bytes = output_.view();
    const Io io = transport_.write(bytes.data(), bytes.size(), sent);
    if (io == Io::again) break;
    if (io != Io::done) return abort();
    blocked_ = false;
    hub_.counts().sent_bytes += sent;
    output_.consume(sent);
  }
  if (!output_.empty()) {
    if (!blocked_) progress_ms_ = hub_.now_ms();
    blocked_ = true;
  } else if ((close_after_ && oldest_ == nullptr) || (hub_.draining() && idle())) {
    return finish();
  }
  if (was_paused && !paused() && !stop_reading_ && (readable_ || !pending_.empty())) hub_.mark_again(*this);
}

void Connection::on_end_of_input() noexcept {
  readable_ = false;
  stop_reading_ = close_after_ = hung_up_ = true;
  pending_.clear();
  pending_begin_ = 0;
  if (receiving_ != nullptr) {
    hub_.exchanges().give(receiving_);
    receiving_ = nullptr;
    ++hub_.counts().abandoned;
  }
  if (oldest_ == nullptr && output_.empty()) abort();
}

// All answers are out and no request will follow. Unread input would turn our goodbye into a reset, so it is read and thrown away.
void Connection::finish() noexcept {
  if (hung_up_ && !readable_) return abort();
  transport_.shutdown_write();
  state_ = State::lingering;
  since_ms_ = hub_.now_ms();
  readable_ = true;
  hub_.mark_again(*this);
}

void Connection::discard() noexcept {
  if (!readable_) return;
  std::size_t got = 0;
  switch (transport_.read(hub_.scratch().data(), Hub::read_bytes, got)) {
    case Io::again: readable_ = false; return;
    case Io::done: break;
    case Io::closed:
    case Io::failed: return abort();
  }
  discarded_bytes_ += static_cast<std::uint32_t>(got);
  if (discarded_bytes_ > discarded_bytes_max) return abort();
  hub_.mark_again(*this);
}

// The end of the socket. The object stays while handlers hold exchanges.
void Connection::abort() noexcept {
  if (gone()) return;
  hub_.loop().poller().remove(transport_.fd(), *this);
  transport_.close();
  state_ = State::gone;
  output_.release();
  pending_.clear();
  if (receiving_ != nullptr) {
    hub_.exchanges().give(receiving_);
    receiving_ = nullptr;
    ++hub_.counts().abandoned;
  }
  if (oldest_ == nullptr) hub_.bury(*this);
  else ++hub_.counts().abandoned;
}

void Connection::sweep(std::uint64_t now_ms) noexcept {
  const Limits& limits = hub_.limits();
  HubCounts& counts = hub_.counts();
  const std::uint64_t waited_ms = now_ms - since_ms_;
  switch (state_) {
    case State::gone: return;
    case State::handshake:
      if (waited_ms > limits.header_ms_max) {
        ++counts.slow_handshakes;
        hub_.log(connection_timed_out, hub_.slow_lines, remote_, "the TLS handshake did not finish in time");
        abort();
      }
      return;
    case State::lingering:
      if (waited_ms > limits.linger_ms_max) abort();
      return;
    case State::open: break;
  }
  if (blocked_) {
    if (now_ms - progress_ms_ > limits.write_idle_ms_max) {
      ++counts.slow_readers;
      hub_.log(connection_timed_out, hub_.slow_lines, remote_, "the client does not read its answers");
      abort();
    }
    return;
  }
  if (output_.empty()) output_.release();  // an answer that was given in this very turn is not written yet
  if (stop_reading_ || paused()) return;
  if (receiving_ != nullptr) {
    if (waited_ms > limits.body_ms_max) {
      ++counts.slow_bodies;
      refuse_for_time("the body did not arrive in time");
    }
  } else if (!pending_.empty()) {
    if (waited_ms > limits.header_ms_max) {
      ++counts.slow_headers;
      refuse_for_time("the header did not arrive in time");
    }
  } else if (oldest_ == nullptr && waited_ms > limits.idle_ms_max) {
    ++counts.idle_closed;
    abort();
  }
}

void Connection::close_if_idle() noexcept {
  if (state_ == State::handshake || (state_ == State::open && idle())) abort();
}

}  // namespace payswitch::daemon::net

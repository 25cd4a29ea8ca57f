// One client's connection: reads, checks and hands on requests, keeps their order, writes answers once a batch.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "net/exchange.h"
#include "net/output.h"
#include "net/poller.h"
#include "net/transport.h"

namespace payswitch::daemon::net {

class Hub;

// Belongs to its hub and that hub's loop. Freed when the socket is closed and no exchange is under way.
class Connection final : public Pollable {
 public:
  Connection(Hub& hub, Transport transport, std::string remote);
  ~Connection();

  // Registers with the poller and takes what is there already.
  void start() noexcept;
  void on_ready(std::uint32_t events) noexcept override;
  // Reads and hands on as much as is allowed now.
  void pump() noexcept;
  // Writes what there is; at the end of a batch.
  void flush() noexcept;
  // Looks at the clock; every now and then.
  void sweep(std::uint64_t now_ms) noexcept;
  // Closes if idle. One that is busy sees the hub's draining flag with its last answer.
  void close_if_idle() noexcept;

  void respond(ServerExchange& exchange, int status, std::span<const Header> headers, std::string_view body) noexcept;
  Loop& loop() noexcept;
  bool gone() const noexcept { return state_ == State::gone; }

 private:
  friend class Hub;
  enum class State : std::uint8_t { handshake, open, lingering, gone };

  bool paused() const noexcept;
  bool idle() const noexcept { return oldest_ == nullptr && receiving_ == nullptr && pending_.empty() && output_.empty(); }
  void read_once() noexcept;
  void keep_rest(std::string_view rest) noexcept;
  std::size_t consume(std::string_view bytes) noexcept;
  std::size_t begin_request(std::string_view bytes) noexcept;
  std::size_t continue_body(std::string_view bytes) noexcept;
  void offer_continue() noexcept;
  void dispatch() noexcept;
  void enqueue(ServerExchange& exchange) noexcept;
  void refuse(const HttpError& error) noexcept;
  void refuse_for_time(const char* reason) noexcept;
  void append_answer(ServerExchange& exchange, int status, std::span<const Header> headers, std::string_view body, bool close, bool save) noexcept;
  void pop() noexcept;
  void on_end_of_input() noexcept;
  void finish() noexcept;
  void discard() noexcept;
  void abort() noexcept;

  Hub& hub_;
  Transport transport_;
  State state_ = State::handshake;
  bool readable_ = false;       // the kernel may have more for us
  bool hung_up_ = false;        // the client sent its last byte; what it sent before may still be unread
  bool stop_reading_ = false;   // no further request is taken
  bool close_after_ = false;    // close when all answers are out
  bool needs_more_ = true;      // pending_ is the beginning of something: parsing it again is no use
  bool continue_owed_ = false;  // 100 Continue waits for the answers before it
  bool blocked_ = false;        // the socket takes no more output for now
  bool dirty_ = false;          // on the hub's list of those with output
  bool again_ = false;          // on the hub's list of those with more to read
  std::uint32_t in_flight_ = 0;
  std::uint32_t discarded_bytes_ = 0;
  ServerExchange* oldest_ = nullptr;
  ServerExchange* newest_ = nullptr;
  ServerExchange* receiving_ = nullptr;  // its body is not complete yet
  std::vector<char> pending_;            // read, not parsed
  std::size_t pending_begin_ = 0;
  std::size_t searched_ = 0;  // of pending bytes, for the end of the head
  Output output_;
  std::uint64_t since_ms_;     // when the present wait began: handshake, header, body, idleness, lingering
  std::uint64_t progress_ms_ = 0;  // while blocked_: when output last moved
  std::string remote_;
  std::string peer_spki_;
  Connection* previous_ = nullptr;  // the hub's list of all
  Connection* next_ = nullptr;
};

}  // namespace payswitch::daemon::net

// One outgoing call: from the first lookup to the last byte of the answer.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "net/body_buffer.h"
#include "net/http_client.h"
#include "net/http_parse.h"
#include "net/poller.h"
#include "net/transport.h"

namespace payswitch::daemon::net {

class ClientCall;

// What a call needs from its client.
class CallOwner {
 public:
  virtual Loop& loop() noexcept = 0;
  virtual const ClientLimits& limits() const noexcept = 0;
  // The call has its result; it is delivered and freed later, never inside this function.
  virtual void ended(ClientCall& call) noexcept = 0;

 protected:
  ~CallOwner() = default;
};

class ClientCall final : public Pollable {
 public:
  ClientCall(CallOwner& owner, std::uint64_t number, const ClientRequest& request, ClientCallback callback, TlsContextPtr tls, std::uint64_t now_ns);
  ~ClientCall();

  std::uint64_t number() const noexcept { return number_; }
  const std::string& host() const noexcept { return host_; }
  std::uint16_t port() const noexcept { return port_; }
  // Host, port and profile: connections with the same key may be shared.
  const std::string& key() const noexcept { return key_; }
  std::uint64_t started_ns() const noexcept { return started_ns_; }
  bool ended() const noexcept { return ended_; }
  Phase phase() const noexcept { return phase_; }
  ClientError error() const noexcept { return error_; }
  const std::string& detail() const noexcept { return detail_; }

  void resolving() noexcept { phase_ = Phase::dns; }
  void connect(const std::vector<SocketAddress>& addresses);
  void reuse(Transport transport, std::string peer_spki);
  void fail(ClientError error, std::string detail) noexcept;
  void on_ready(std::uint32_t events) noexcept override;
  // After ended(): calls back.
  void deliver();
  // After a complete answer: the connection, if the server will take another request on it.
  bool give_back(Transport& transport, std::string& peer_spki);

 private:
  enum class State : std::uint8_t { waiting, connecting, handshake, exchanging };

  void connect_next();
  void send();
  void receive();
  void take(std::string_view bytes);
  void take_head();
  void take_body();
  void finish();
  void end() noexcept;

  CallOwner& owner_;
  const std::uint64_t number_;
  const ClientCallback callback_;
  const TlsContextPtr tls_;
  const std::string host_;
  const std::uint16_t port_;
  const std::string key_;
  const std::uint32_t body_bytes_max_;
  const bool head_request_;
  const std::uint64_t started_ns_;
  std::string out_;
  std::size_t sent_ = 0;
  State state_ = State::waiting;
  Phase phase_ = Phase::none;
  ClientError error_ = ClientError::none;
  std::string detail_;
  bool reused_ = false;
  bool ended_ = false;
  bool registered_ = false;
  std::vector<SocketAddress> addresses_;
  std::size_t next_address_ = 0;
  int connect_errno_ = 0;
  Transport transport_;
  std::string peer_spki_;
  std::string in_;  // read, not parsed
  std::size_t searched_ = 0;
  bool got_head_ = false;
  ResponseHead head_;
  std::pmr::monotonic_buffer_resource arena_;
  std::vector<Header> fields_;
  BodyBuffer body_;
  std::unique_ptr<ChunkedReader> chunked_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // a timer's handler may already be queued when the call is freed
  boost::asio::steady_timer deadline_;
};

}  // namespace payswitch::daemon::net

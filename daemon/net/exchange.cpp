#include "net/exchange.h"

#include "net/connection.h"

namespace payswitch::daemon::net {

Loop& ServerExchange::loop() noexcept { return connection_->loop(); }
bool ServerExchange::abandoned() const noexcept { return connection_->gone(); }
void ServerExchange::respond(int status, std::span<const Header> headers, std::string_view body) noexcept {
  connection_->respond(*this, status, headers, body);
}

ExchangePool::~ExchangePool() {
  while (free_ != nullptr) {
    ServerExchange* exchange = free_;
    free_ = exchange->next_;
    delete exchange;
  }
}

ServerExchange* ExchangePool::take(Connection& connection, std::size_t bytes_max) {
  ServerExchange* exchange = free_;
  if (exchange != nullptr) {
    free_ = exchange->next_;
    --free_count_;
    if (free_ != nullptr) {  // the next request of this batch: its memory is on its way while this one is read
      for (std::size_t at = 0; at < 16 * 64; at += 64) __builtin_prefetch(reinterpret_cast<const char*>(free_) + at, 1);
    }
  } else {
    exchange = new ServerExchange;
  }
  exchange->connection_ = &connection;
  exchange->next_ = nullptr;
  exchange->request_ = {};
  exchange->keep_alive_ = true;
  exchange->http_1_0_ = exchange->head_only_ = exchange->wants_continue_ = exchange->answered_ = false;
  exchange->saved_ = {};
  exchange->body_expected_ = 0;
  exchange->body_ = BodyBuffer(exchange->arena_);
  exchange->heap_.reset(bytes_max);
  return exchange;
}

void ExchangePool::give(ServerExchange* exchange) noexcept {
  exchange->chunked_.reset();
  exchange->arena_.release();
  if (free_count_ == free_max) {
    delete exchange;
    return;
  }
  exchange->next_ = free_;
  free_ = exchange;
  ++free_count_;
}

}  // namespace payswitch::daemon::net

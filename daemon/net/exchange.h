// One request of a connection on its way through a handler, with the memory it lives in.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <new>
#include <string_view>

#include "net/body_buffer.h"
#include "net/http.h"
#include "net/http_parse.h"

namespace payswitch::daemon::net {

class Connection;

// Heap memory up to a bound, for what does not fit into the exchange's own block.
class BoundedHeap final : public std::pmr::memory_resource {
 public:
  void reset(std::size_t bytes_max) noexcept { left_ = bytes_max; }

 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    if (bytes > left_) throw std::bad_alloc();
    left_ -= bytes;
    return std::pmr::new_delete_resource()->allocate(bytes, alignment);
  }
  void do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) override {
    std::pmr::new_delete_resource()->deallocate(memory, bytes, alignment);
  }
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }

  std::size_t left_ = 0;
};

class ServerExchange final : public Exchange {
 public:
  static constexpr std::size_t own_bytes = 7 * 1024;

  ServerExchange() : arena_(own_.data(), own_.size(), &heap_) {}

  const Request& request() const noexcept override { return request_; }
  Loop& loop() noexcept override;
  std::pmr::memory_resource& arena() noexcept override { return arena_; }
  void respond(int status, std::span<const Header> headers, std::string_view body) noexcept override;
  bool abandoned() const noexcept override;

 private:
  friend class Connection;
  friend class ExchangePool;

  Connection* connection_ = nullptr;
  ServerExchange* next_ = nullptr;  // the next request of the connection, or the next free one of the pool
  Request request_;
  bool keep_alive_ = true;
  bool http_1_0_ = false;
  bool head_only_ = false;
  bool wants_continue_ = false;
  bool answered_ = false;
  std::string_view saved_;  // answered_ before its turn: the bytes, in arena_
  std::uint64_t body_expected_ = 0;
  BodyBuffer body_;
  std::unique_ptr<ChunkedReader> chunked_;
  BoundedHeap heap_;
  alignas(std::max_align_t) std::array<std::byte, own_bytes> own_;
  std::pmr::monotonic_buffer_resource arena_;
};

// Recycles exchanges of one loop. Keeps at most free_max; what is given back above that is freed.
class ExchangePool {
 public:
  static constexpr std::size_t free_max = 1024;

  ExchangePool() = default;
  ~ExchangePool();
  ExchangePool(const ExchangePool&) = delete;
  ExchangePool& operator=(const ExchangePool&) = delete;

  ServerExchange* take(Connection& connection, std::size_t bytes_max);
  void give(ServerExchange* exchange) noexcept;

 private:
  ServerExchange* free_ = nullptr;
  std::size_t free_count_ = 0;
};

}  // namespace payswitch::daemon::net

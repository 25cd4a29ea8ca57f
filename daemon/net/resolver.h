// Names to addresses without ever holding up a loop: each lookup runs on a thread of its own, a few at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "net/address.h"
#include "net/http_client.h"
#include "net/loop.h"

namespace payswitch::daemon::net {

// Belongs to one loop. A lookup that hangs occupies its thread until the system gives up; callers have their own deadlines.
class Resolver {
 public:
  static constexpr unsigned threads_max = 8;  // lookups above it wait in line

  // `found` is called on the loop with the token; no addresses: there are none.
  Resolver(Loop& loop, Lookup lookup, void (*found)(void* context, std::uint64_t token, const std::vector<SocketAddress>&), void* context);
  // Threads under way finish by themselves, unheard.
  ~Resolver();

  void start(const std::string& host, std::uint16_t port, std::uint64_t token);
  // Delivers what was found; the owner calls it in its on_wake.
  void deliver();

 private:
  struct Shared;
  struct Job {
    std::string host;
    std::uint16_t port;
    std::uint64_t token;
  };
  void run(Job job);

  Lookup lookup_;
  void (*found_)(void*, std::uint64_t, const std::vector<SocketAddress>&);
  void* context_;
  std::shared_ptr<Shared> shared_;  // with threads that may outlive this object
  std::deque<Job> waiting_;         // bounded by the client's calls_max
  unsigned running_ = 0;
};

}  // namespace payswitch::daemon::net

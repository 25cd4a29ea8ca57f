// A TCP proxy that spoils what it carries, for tests of what stands between two banks. TLS passes through it unread. Everything may be
// switched while connections are open; a change takes effect on them too, within some 10 ms.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace payswitch::test {

enum class Way : std::uint8_t { there = 0, back = 1 };  // from whoever connects to the target, and back

class FaultProxy {
 public:
  // Forwards 127.0.0.1:port() to 127.0.0.1:target.
  explicit FaultProxy(std::uint16_t target);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  std::uint32_t connections_made() const noexcept { return made_; }
  std::uint64_t bytes(Way way) const noexcept { return passed_[static_cast<std::size_t>(way)]; }

  void target(std::uint16_t port) noexcept { target_ = port; }  // of new connections
  void heal();                                     // all faults off; what was swallowed stays lost
  void delay(Way way, unsigned ms);                // every byte that much later
  void trickle(Way way, unsigned bytes_per_second);
  void drop(Way way);                              // swallows what comes, both ends stay open
  void hang();                                     // new connections are accepted and nothing more
  void refuse();                                   // new connections are reset at once
  void garbage();                                  // new connections get bytes that are no protocol
  void reset_after(Way way, std::uint64_t bytes);  // resets each connection once so many more bytes have passed this way (0: before the first)
  void half_close(Way way);                        // ends this way of every open connection in order, the other way goes on
  void reset_all();                                // every open connection

 private:
  struct Pipe;
  struct Connection;
  struct Faults {
    unsigned delay_ms[2] = {0, 0}, bytes_per_second[2] = {0, 0};
    bool drop[2] = {false, false}, resets[2] = {false, false};
    std::uint64_t reset_after[2] = {0, 0};
    unsigned resets_asked = 0;  // counts from the bytes that had passed when it was last asked
    enum class Accept : std::uint8_t { serve, hang, refuse, garbage } accept = Accept::serve;
  };

  void run();
  void accept_one();
  bool work(Connection& connection, const Faults& faults);
  bool carry(Connection& connection, std::size_t way, const Faults& faults);
  template <class Change>
  void change(Change make);

  std::atomic<std::uint16_t> target_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::mutex mutex_;
  Faults faults_;
  bool reset_all_ = false, half_close_[2] = {false, false};
  std::vector<std::unique_ptr<Connection>> connections_;  // of the thread
  std::atomic<std::uint32_t> made_{0};
  std::atomic<std::uint64_t> passed_[2] = {};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace payswitch::test

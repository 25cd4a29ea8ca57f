// Timers of one loop, driven by tick(): a heap of (when, whom, token). Re-arming or disarming only changes the token.
#pragma once

#include <cstdint>
#include <queue>
#include <vector>

namespace payswitch::daemon::transfer {

class Timed {
 public:
  virtual void on_timer() = 0;

 protected:
  ~Timed() = default;

 private:
  friend class Timers;
  std::uint64_t token_ = 0;  // 0 = not armed
};

class Timers {
 public:
  // `whom` must stay at its address for as long as the heap may hold it: pooled objects do.
  void arm(Timed& whom, std::uint64_t at_ns) {
    whom.token_ = ++last_token_;
    heap_.push({at_ns, whom.token_, &whom});
  }
  static void disarm(Timed& whom) noexcept { whom.token_ = 0; }
  static bool armed(const Timed& whom) noexcept { return whom.token_ != 0; }

  void run(std::uint64_t now_ns) {
    while (!heap_.empty() && heap_.top().at_ns <= now_ns) {
      const Item item = heap_.top();
      heap_.pop();
      if (item.whom->token_ != item.token) continue;
      item.whom->token_ = 0;
      item.whom->on_timer();
    }
  }

 private:
  struct Item {
    std::uint64_t at_ns, token;
    Timed* whom;
    bool operator<(const Item& other) const noexcept { return at_ns != other.at_ns ? at_ns > other.at_ns : token > other.token; }
  };
  std::priority_queue<Item> heap_;
  std::uint64_t last_token_ = 0;
};

}  // namespace payswitch::daemon::transfer

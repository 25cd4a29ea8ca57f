// What waits for a bank or a person, as the admin listener shows it: made by the sampler every two seconds, read by the admin thread.
// Ids, amounts and times only: account numbers and texts are for the control socket, which knows who asks.
#pragma once

#include <mutex>
#include <string>
#include <utility>

namespace payswitch::daemon::app {

class WaitingList {
 public:
  // JSON; any thread.
  void set_in_doubt(std::string json) { set(in_doubt_, std::move(json)); }
  void set_repairs(std::string json) { set(repairs_, std::move(json)); }
  std::string in_doubt() const { return get(in_doubt_); }
  std::string repairs() const { return get(repairs_); }

 private:
  void set(std::string& to, std::string&& json) {
    const std::lock_guard lock(mutex_);
    to = std::move(json);
  }
  std::string get(const std::string& from) const {
    const std::lock_guard lock(mutex_);
    return from;
  }

  mutable std::mutex mutex_;  // taken a few times in two seconds
  std::string in_doubt_ = "{\"transfers\":[]}", repairs_ = "{\"repairs\":[]}";
};

}  // namespace payswitch::daemon::app

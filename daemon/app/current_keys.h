// The key ring in use. SIGHUP puts another in its place while calls are under way.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>

#include "plugin_host/services.h"

namespace payswitch::daemon::app {

class CurrentKeys final : public plugin_host::KeyRing {
 public:
  // [control] Names that a ring gave out are read a little later, on another thread: a ring is freed when this many came after it.
  static constexpr std::size_t rings_kept = 64;
  void replace(std::unique_ptr<plugin_host::KeyRing> ring) {
    const std::unique_ptr<plugin_host::KeyRing> gone = std::move(rings_[next_]);
    rings_[next_] = std::move(ring);
    before_.store(now_.load(std::memory_order_relaxed), std::memory_order_release);
    now_.store(rings_[next_].get(), std::memory_order_release);
    next_ = (next_ + 1) % rings_kept;
  }

  // A key chosen a moment before the ring was replaced still signs what it was chosen for.
  bool sign(std::string_view key_id, std::string_view message, std::uint8_t signature[64]) noexcept override {
    if (now().sign(key_id, message, signature)) return true;
    plugin_host::KeyRing* const before = before_.load(std::memory_order_acquire);
    return before != nullptr && before->sign(key_id, message, signature);
  }
  std::string_view verify(std::string_view key_id, std::string_view message, const std::uint8_t signature[64]) noexcept override { return now().verify(key_id, message, signature); }
  std::string_view bank_of(std::string_view key_id_or_spki) noexcept override { return now().bank_of(key_id_or_spki); }
  std::string_view signing_key() const noexcept override { return now().signing_key(); }

 private:
  plugin_host::KeyRing& now() const noexcept { return *now_.load(std::memory_order_acquire); }

  std::array<std::unique_ptr<plugin_host::KeyRing>, rings_kept> rings_;
  std::size_t next_ = 0;
  std::atomic<plugin_host::KeyRing*> now_{nullptr}, before_{nullptr};
};

}  // namespace payswitch::daemon::app

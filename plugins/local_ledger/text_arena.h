// Texts that live as long as the ledger: account numbers, owners, metadata. Never freed, so readers need no guard; what is replaced
// stays behind, bounded by the number of account changes.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace payswitch::local_ledger {

struct Text {
  std::uint32_t size;
  char bytes[4];  // `size` of them
  std::string_view view() const noexcept { return {bytes, size}; }
};

class TextArena {
 public:
  const Text* keep(std::string_view text) {
    const std::size_t need = (sizeof(std::uint32_t) + text.size() + 7) & ~std::size_t{7};
    if (need > left_) {
      const std::size_t size = need > chunk_bytes ? need : chunk_bytes;
      chunks_.push_back(std::make_unique<std::uint64_t[]>(size / 8));
      at_ = reinterpret_cast<char*>(chunks_.back().get());
      left_ = size;
    }
    auto* out = reinterpret_cast<Text*>(at_);
    out->size = static_cast<std::uint32_t>(text.size());
    if (!text.empty()) std::memcpy(at_ + sizeof out->size, text.data(), text.size());
    at_ += need;
    left_ -= need;
    return out;
  }

 private:
  static constexpr std::size_t chunk_bytes = 64 * 1024;
  std::vector<std::unique_ptr<std::uint64_t[]>> chunks_;
  char* at_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace payswitch::local_ledger

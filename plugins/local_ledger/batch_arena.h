// Memory of the replies of one batch: handed out in a row, given back all at once, kept for the next batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include <payswitch/abi.h>

namespace payswitch::local_ledger {

class BatchArena {
 public:
  void* take(std::size_t bytes) {
    bytes = (bytes + 15) & ~std::size_t{15};
    while (chunk_ != chunks_.size() && used_ + bytes > chunks_[chunk_].size) {
      ++chunk_;
      used_ = 0;
    }
    if (chunk_ == chunks_.size()) {
      const std::size_t size = bytes > chunk_bytes ? bytes : chunk_bytes;
      chunks_.push_back({std::make_unique<std::byte[]>(size), size});
      used_ = 0;
    }
    void* const out = chunks_[chunk_].memory.get() + used_;
    used_ += bytes;
    return out;
  }
  template <class T>
  T* rows(std::size_t n) {
    auto* out = static_cast<T*>(take(n * sizeof(T)));
    for (std::size_t i = 0; i != n; ++i) new (out + i) T{};
    return out;
  }
  psw_str text(std::string_view text) {
    if (text.empty()) return psw_str{nullptr, 0};
    auto* out = static_cast<char*>(take(text.size()));
    std::memcpy(out, text.data(), text.size());
    return psw_str{out, text.size()};
  }
  // Keeps the first few chunks; a giant answer gives its memory back.
  void reset() {
    if (chunks_.size() > chunks_kept) chunks_.resize(chunks_kept);
    chunk_ = 0;
    used_ = 0;
  }

 private:
  static constexpr std::size_t chunk_bytes = 256 * 1024;
  static constexpr std::size_t chunks_kept = 16;
  struct Chunk {
    std::unique_ptr<std::byte[]> memory;
    std::size_t size;
  };
  std::vector<Chunk> chunks_;
  std::size_t chunk_ = 0, used_ = 0;
};

}  // namespace payswitch::local_ledger

#include "plugin_host/arena.h"

#include <algorithm>
#include <cstdlib>

namespace payswitch::daemon::plugin_host {

Arena::~Arena() {
  drop_blocks();
  std::free(kept_);
}

void* Arena::grow(std::size_t bytes, std::size_t alignment) noexcept {
  const std::size_t wanted = bytes + alignment + sizeof(Block);
  if (bytes > arena_bytes_max || total_ + wanted > arena_bytes_max) return nullptr;
  Block* block = nullptr;
  if (kept_ != nullptr && wanted <= kept_->bytes) {
    block = kept_;
    kept_ = nullptr;
  } else {
    const std::size_t size = std::max(wanted, arena_kept_bytes);
    block = static_cast<Block*>(std::malloc(size));
    if (block == nullptr) return nullptr;
    block->bytes = size;
  }
  block->next = blocks_;
  blocks_ = block;
  total_ += block->bytes;
  cursor_ = reinterpret_cast<std::uintptr_t>(block + 1);
  end_ = reinterpret_cast<std::uintptr_t>(block) + block->bytes;
  const std::uintptr_t at = (cursor_ + alignment - 1) & ~(static_cast<std::uintptr_t>(alignment) - 1);
  cursor_ = at + bytes;
  return reinterpret_cast<void*>(at);
}

void Arena::drop_blocks() noexcept {
  while (blocks_ != nullptr) {
    Block* const block = blocks_;
    blocks_ = block->next;
    if (kept_ == nullptr && block->bytes == arena_kept_bytes) {
      kept_ = block;
    } else {
      std::free(block);
    }
  }
  total_ = 0;
}

}  // namespace payswitch::daemon::plugin_host

// Changes in a journal that nobody notices by checksums: the bytes of entries are edited, then every frame gets its checksums and the hash
// of the frame before it again, as a program with the ledger's salt could do it.
#pragma once

#include <cstring>
#include <vector>

#include "local_ledger/entry_view.h"
#include "local_ledger/format.h"
#include "local_ledger/hashing.h"

namespace payswitch::local_ledger::test {

// f(entry header's address, item's address) for every item of the first segment, in order.
template <class F>
void each_item(std::vector<std::uint8_t>& segment, F&& f) {
  std::size_t at = sizeof(SegmentHeader);
  while (at + sizeof(FrameHeader) <= segment.size() && load<std::uint32_t>(segment.data() + at) == frame_magic) {
    const auto frame = load<FrameHeader>(segment.data() + at);
    std::size_t inside = at + sizeof frame;
    for (std::uint32_t i = 0; i != frame.count; ++i) {
      const auto entry = load<EntryHeader>(segment.data() + inside);
      std::size_t item = inside + sizeof entry;
      for (std::uint16_t k = 0; k != entry.items; ++k) {
        const auto bytes = load<ItemHeader>(segment.data() + item).bytes;
        f(segment.data() + inside, segment.data() + item);
        item += bytes;
      }
      inside += entry.bytes;
    }
    at += frame.bytes;
  }
}

// Stops quietly where the bytes are no frame any more.
inline void reseal(std::vector<std::uint8_t>& segment, std::uint32_t salt) {
  ChainHash hash;
  Digest previous{};
  std::size_t at = sizeof(SegmentHeader);
  while (at + sizeof(FrameHeader) <= segment.size() && load<std::uint32_t>(segment.data() + at) == frame_magic) {
    auto header = load<FrameHeader>(segment.data() + at);
    if (header.bytes < sizeof header || header.bytes > segment.size() - at) return;
    std::memcpy(header.previous, previous.data(), sizeof header.previous);
    header.header_crc = crc32c(salt, &header, offsetof(FrameHeader, header_crc));
    header.crc = crc32c(salt, &header, offsetof(FrameHeader, crc));
    header.crc = crc32c(header.crc, segment.data() + at + sizeof header, header.bytes - sizeof header);
    std::memcpy(segment.data() + at, &header, sizeof header);
    previous = hash(segment.data() + at, header.bytes);
    at += header.bytes;
  }
}

}  // namespace payswitch::local_ledger::test

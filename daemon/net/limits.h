// What a listener allows. Each figure has an answer when it is reached; they are the defaults of operations.md.
#pragma once

#include <cstdint>

namespace payswitch::daemon::net {

struct Limits {
  std::uint32_t header_bytes_max = 16 * 1024;  // also a chunk header and the trailers; above: 413
  std::uint32_t header_fields_max = 100;       // above: 400
  std::uint32_t chunk_extension_bytes_max = 256;
  std::uint32_t body_bytes_max = 64 * 1024;  // above: 413, announced or sent
  std::uint32_t header_ms_max = 5'000;       // from the first byte of a request (or of a TLS handshake); later: 400 and close
  std::uint32_t body_ms_max = 30'000;        // from the end of the header; later: 400 and close
  std::uint32_t idle_ms_max = 60'000;        // no request under way: close
  std::uint32_t write_idle_ms_max = 60'000;  // output waiting and the client takes nothing: close
  std::uint32_t linger_ms_max = 2'000;       // after an answer that closes: how long unread input is thrown away
  std::uint32_t connections_max = 10'000;    // of the listener; above: 503 and close
  std::uint32_t pipelined_max = 16;          // exchanges of one connection under way; at the bound reading pauses
  std::uint32_t output_bytes_max = 1024 * 1024;     // unsent answers of one connection; above, reading pauses
  std::uint32_t exchange_bytes_max = 8 * 1024 * 1024;  // arena of one exchange; above: bad_alloc for its handler
};

}  // namespace payswitch::daemon::net

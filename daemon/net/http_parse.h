// Bytes to heads and bodies, with everything refused that Beast lets pass. Beast itself stays in http_parse.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "net/body_buffer.h"
#include "net/http.h"

namespace payswitch::daemon::net {

// Why bytes were refused: a constant sentence for the client and the log, or nullptr if they were not.
struct HttpError {
  const char* reason = nullptr;
  bool too_large = false;
  explicit operator bool() const noexcept { return reason != nullptr; }
};

struct HeadLimits {
  std::uint32_t header_bytes_max;
  std::uint64_t body_bytes_max;
};

struct RequestHead {
  std::string_view method;
  std::string_view target;
  std::string_view path;
  std::string_view query;
  std::string_view authority;
  std::size_t field_count = 0;
  std::uint64_t content_length = 0;
  bool chunked = false;
  bool keep_alive = false;
  bool http_1_0 = false;
  bool expect_continue = false;
};

struct ResponseHead {
  int status = 0;
  std::size_t field_count = 0;
  std::uint64_t content_length = 0;
  bool has_length = false;
  bool chunked = false;
  bool no_body = false;  // 1xx, 204, 304 or the answer to HEAD
  bool keep_alive = false;
};

// Where the head that starts at bytes[0] ends, behind its empty line; 0 if that is not there yet. `searched` remembers how far
// an earlier call looked.
std::size_t find_head_end(std::string_view bytes, std::size_t searched) noexcept;
// What can be said about a head that is not whole yet: spares the client the wait for a timeout.
HttpError check_partial_head(std::string_view bytes, std::uint32_t header_bytes_max) noexcept;

// `head` is whole, empty line included; views point into it. `fields` bounds the number of headers.
HttpError parse_request_head(std::string_view head, const HeadLimits& limits, std::span<Header> fields, RequestHead& out) noexcept;
HttpError parse_response_head(std::string_view head, const HeadLimits& limits, bool answer_to_head, std::span<Header> fields, ResponseHead& out) noexcept;

// A chunked body, piece by piece. Trailers are read and thrown away.
class ChunkedReader {
 public:
  struct ReadLimits {
    std::uint64_t body_bytes_max;
    std::uint32_t chunk_extension_bytes_max;
    std::uint32_t overhead_bytes_max;  // of one chunk header, or of all trailers
  };
  explicit ChunkedReader(const ReadLimits& limits);
  ~ChunkedReader();
  ChunkedReader(const ChunkedReader&) = delete;
  ChunkedReader& operator=(const ChunkedReader&) = delete;

  // Decodes into `body` and says how many bytes were used; unused ones come again at the front of the next call. done() then.
  HttpError put(std::string_view bytes, std::size_t& used, BodyBuffer& body);
  bool done() const noexcept;

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
  ReadLimits limits_;
};

}  // namespace payswitch::daemon::net

// The HTTP parser of listener and client. Beyond "does not crash": what is accepted says one thing, and a chunked body means the
// same however it is cut into segments.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "net/http_parse.h"

namespace {

using namespace payswitch::daemon;
using namespace payswitch::daemon::net;

constexpr std::uint32_t header_bytes_max = 16 * 1024;
constexpr ChunkedReader::ReadLimits read_limits{64 * 1024, 256, header_bytes_max};

void require(bool condition) {
  if (!condition) std::abort();
}

// True with the decoded body, or false if it is refused or unfinished.
bool decode(std::string_view bytes, std::size_t segment, std::string& body) {
  std::pmr::monotonic_buffer_resource arena;
  BodyBuffer buffer(arena);
  ChunkedReader reader(read_limits);
  std::string held;
  while (!bytes.empty() && !reader.done()) {
    held.append(bytes.substr(0, segment));
    bytes.remove_prefix(std::min(segment, bytes.size()));
    std::size_t used = 0;
    if (reader.put(held, used, buffer)) return false;
    require(used <= held.size());
    held.erase(0, used);
  }
  require(buffer.size() <= read_limits.body_bytes_max);
  body = buffer.view();
  return reader.done();
}

bool inside(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_request(std::string_view head, std::string_view rest) {
  std::vector<Header> fields(100);
  RequestHead request;
  if (parse_request_head(head, {header_bytes_max, 64 * 1024}, fields, request)) return;
  unsigned lengths = 0, encodings = 0, hosts = 0;
  for (const Header& field : std::span(fields).first(request.field_count)) {
    require(inside(field.name, head) && inside(field.value, head) && !field.name.empty());
    require(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    lengths += equal_ignoring_case(field.name, "Content-Length") ? 1U : 0U;
    encodings += equal_ignoring_case(field.name, "Transfer-Encoding") ? 1U : 0U;
    hosts += equal_ignoring_case(field.name, "Host") ? 1U : 0U;
  }
  require(lengths + encodings <= 1 && hosts <= 1 && (hosts == 1 || request.http_1_0));
  require(request.chunked == (encodings == 1) && !(request.chunked && request.http_1_0));
  require(request.content_length <= 64 * 1024);
  require(inside(request.path, head) && inside(request.query, head) && (request.path.starts_with('/') || request.path == "*"));
  if (!request.chunked) return;
  std::string whole, bytewise, sevens;
  if (decode(rest, rest.size() + 1, whole)) {
    require(decode(rest, 1, bytewise) && bytewise == whole);
    require(decode(rest, 7, sevens) && sevens == whole);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t end = find_head_end(bytes, 0);
  check_partial_head(bytes, header_bytes_max);
  if (end == 0) return 0;
  // The end is found wherever an earlier look stopped.
  for (std::size_t searched = 0; searched < end; searched += 1 + end / 8) require(find_head_end(bytes, searched) == end);
  check_request(bytes.substr(0, end), bytes.substr(end));
  std::vector<Header> fields(100);
  ResponseHead response;
  for (const bool to_head : {false, true}) {
    if (parse_response_head(bytes.substr(0, end), {header_bytes_max, 1 << 20}, to_head, fields, response)) continue;
    require(response.status >= 100 && response.status <= 599 && response.field_count <= fields.size());
    require(response.no_body || !(response.chunked && response.has_length));
  }
  return 0;
}

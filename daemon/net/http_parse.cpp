#include "net/http_parse.h"

#include <cstring>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include "base/text.h"

namespace payswitch::daemon::net {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

std::string_view view(string_view text) noexcept { return {text.data(), text.size()}; }

// Collects what Beast finds. Stops at the end of the head: the body is read elsewhere.
template <bool is_request>
class HeadParser final : public http::basic_parser<is_request> {
 public:
  HeadParser(std::string_view head, std::span<Header> fields) : head_(head), fields_(fields) {}

  std::string_view method, target;
  unsigned version = 11;
  int status = 0;
  std::size_t field_count = 0;
  const char* refusal = nullptr;

 private:
  void on_request_impl(http::verb, string_view method_text, string_view target_text, int http_version, error_code&) override {
    method = view(method_text);
    target = view(target_text);
    version = static_cast<unsigned>(http_version);
  }
  void on_response_impl(int code, string_view, int http_version, error_code&) override {
    status = code;
    version = static_cast<unsigned>(http_version);
  }
  void on_field_impl(http::field, string_view name, string_view value, error_code& ec) override {
    if (field_count == fields_.size()) return stop("too many header fields", ec);
    // A folded value lies outside the head (Beast glued it together) or has a line end before it.
    const char* const after_colon = name.data() + name.size() + 1;
    const bool inside = value.data() >= after_colon && value.data() + value.size() <= head_.data() + head_.size();
    if (!value.empty() || inside) {
      if (!inside || std::memchr(after_colon, '\r', static_cast<std::size_t>(value.data() - after_colon)) != nullptr) {
        return stop("a header field is folded over several lines", ec);
      }
    }
    fields_[field_count++] = {view(name), view(value)};
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override { return body.size(); }
  void on_finish_impl(error_code&) override {}

  void stop(const char* reason, error_code& ec) {
    refusal = reason;
    ec = http::error::bad_field;
  }

  std::string_view head_;
  std::span<Header> fields_;
};

HttpError explain(const error_code& ec) noexcept {
  if (ec == http::error::header_limit) return {"the header is too large", true};
  if (ec == http::error::body_limit) return {"the body is too large", true};
  if (ec == http::error::bad_method) return {"the method is malformed"};
  if (ec == http::error::bad_target) return {"the target is malformed"};
  if (ec == http::error::bad_version) return {"the HTTP version is not 1.0 or 1.1"};
  if (ec == http::error::bad_line_ending) return {"a line does not end with CR LF"};
  if (ec == http::error::bad_content_length || ec == http::error::multiple_content_length) return {"Content-Length is malformed or given twice"};
  if (ec == http::error::bad_transfer_encoding) return {"Transfer-Encoding is malformed or stands beside Content-Length"};
  if (ec == http::error::bad_chunk || ec == http::error::bad_chunk_extension) return {"a chunk is malformed"};
  return {"the header is malformed"};
}

// What decides where the body ends, checked more strictly than Beast does (request smuggling lives here; RFC 9112 section 6).
struct Framing {
  unsigned lengths = 0;
  unsigned encodings = 0;
  std::uint64_t length = 0;
  bool chunked = false;

  HttpError see(const Header& field) noexcept {
    if (equal_ignoring_case(field.name, "content-length")) {
      if (++lengths > 1 || field.value.size() > 19 || field.value.empty()) return {"Content-Length is malformed or given twice"};
      std::uint64_t value = 0;
      for (const char c : field.value) {
        if (c < '0' || c > '9') return {"Content-Length is malformed or given twice"};
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
      }
      length = value;
    } else if (equal_ignoring_case(field.name, "transfer-encoding")) {
      if (++encodings > 1 || !equal_ignoring_case(field.value, "chunked")) return {"Transfer-Encoding is not exactly chunked"};
      chunked = true;
    }
    return {};
  }
  HttpError judge(bool http_1_0) const noexcept {
    if (chunked && lengths > 0) return {"Content-Length and Transfer-Encoding together"};
    if (chunked && http_1_0) return {"Transfer-Encoding needs HTTP/1.1"};
    return {};
  }
};

bool is_authority(std::string_view text) noexcept {
  if (text.empty() || text.size() > 255) return false;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && std::string_view("-._:[]~%").find(c) == std::string_view::npos) return false;
  }
  return true;
}

// origin-form, absolute-form, or * of OPTIONS (RFC 9112 section 3.2).
HttpError split_target(RequestHead& out) noexcept {
  std::string_view rest = out.target;
  if (rest == "*" && out.method == "OPTIONS") {
    out.path = rest;
    return {};
  }
  if (rest.front() != '/') {
    const std::size_t scheme = rest.starts_with("http://") ? 7 : rest.starts_with("https://") ? 8 : 0;
    if (scheme == 0) return {"the target is malformed"};
    rest.remove_prefix(scheme);
    const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
    if (!is_authority(rest.substr(0, end))) return {"the target is malformed"};
    out.authority = rest.substr(0, end);
    rest.remove_prefix(end);
    if (rest.empty() || rest.front() != '/') return {"the target is malformed"};
  }
  if (rest.find('#') != std::string_view::npos) return {"the target is malformed"};
  const std::size_t question = rest.find('?');
  out.path = rest.substr(0, question);
  if (question != std::string_view::npos) out.query = rest.substr(question + 1);
  return {};
}

}  // namespace

std::size_t find_head_end(std::string_view bytes, std::size_t searched) noexcept {
  const std::size_t from = searched > 3 ? searched - 3 : 0;
  if (bytes.size() < from + 4) return 0;
  const void* end = ::memmem(bytes.data() + from, bytes.size() - from, "\r\n\r\n", 4);
  return end == nullptr ? 0 : static_cast<std::size_t>(static_cast<const char*>(end) - bytes.data()) + 4;
}

HttpError check_partial_head(std::string_view bytes, std::uint32_t header_bytes_max) noexcept {
  if (bytes.size() > header_bytes_max) return {"the header is too large", true};
  if (!bytes.empty() && !((bytes[0] >= 'A' && bytes[0] <= 'Z') || (bytes[0] >= 'a' && bytes[0] <= 'z'))) return {"the method is malformed"};
  for (std::size_t at = bytes.find('\n'); at != std::string_view::npos; at = bytes.find('\n', at + 1)) {
    if (at == 0 || bytes[at - 1] != '\r') return {"a line does not end with CR LF"};
  }
  return {};
}

HttpError parse_request_head(std::string_view head, const HeadLimits& limits, std::span<Header> fields, RequestHead& out) noexcept {
  if (head.size() > limits.header_bytes_max) return {"the header is too large", true};
  HeadParser<true> parser(head, fields);
  parser.header_limit(limits.header_bytes_max + 1);
  parser.body_limit(limits.body_bytes_max);
  error_code ec;
  const std::size_t used = parser.put(boost::asio::const_buffer(head.data(), head.size()), ec);
  if (parser.refusal != nullptr) return {parser.refusal};
  if (ec) return explain(ec);
  if (used != head.size() || !parser.is_header_done()) return {"the header is malformed"};

  out.method = parser.method;
  out.target = parser.target;
  out.http_1_0 = parser.version == 10;
  out.field_count = parser.field_count;
  out.keep_alive = parser.keep_alive();
  if (const HttpError error = split_target(out)) return error;

  Framing framing;
  unsigned hosts = 0;
  for (const Header& field : fields.first(parser.field_count)) {
    if (const HttpError error = framing.see(field)) return error;
    if (equal_ignoring_case(field.name, "host")) {
      if (++hosts > 1 || !is_authority(field.value)) return {"Host is malformed or given twice"};
      if (out.authority.empty()) out.authority = field.value;
    } else if (equal_ignoring_case(field.name, "expect")) {
      if (!equal_ignoring_case(field.value, "100-continue")) return {"an expectation that is not 100-continue"};
      out.expect_continue = !out.http_1_0;
    }
  }
  if (const HttpError error = framing.judge(out.http_1_0)) return error;
  if (hosts == 0 && !out.http_1_0) return {"Host is missing"};
  out.content_length = framing.length;
  out.chunked = framing.chunked;
  return {};
}

HttpError parse_response_head(std::string_view head, const HeadLimits& limits, bool answer_to_head, std::span<Header> fields, ResponseHead& out) noexcept {
  if (head.size() > limits.header_bytes_max) return {"the header is too large", true};
  HeadParser<false> parser(head, fields);
  parser.header_limit(limits.header_bytes_max + 1);
  parser.body_limit(limits.body_bytes_max);
  parser.skip(answer_to_head);
  error_code ec;
  const std::size_t used = parser.put(boost::asio::const_buffer(head.data(), head.size()), ec);
  if (parser.refusal != nullptr) return {parser.refusal};
  if (ec) return explain(ec);
  if (used != head.size() || !parser.is_header_done()) return {"the header is malformed"};
  Framing framing;
  for (const Header& field : fields.first(parser.field_count)) {
    if (const HttpError error = framing.see(field)) return error;
  }
  out.status = parser.status;
  if (out.status < 100 || out.status > 599) return {"the status is malformed"};
  out.field_count = parser.field_count;
  out.content_length = framing.length;
  out.has_length = framing.lengths > 0;
  out.chunked = framing.chunked;
  out.no_body = answer_to_head || out.status / 100 == 1 || out.status == 204 || out.status == 304;
  if (!out.no_body) {
    if (const HttpError error = framing.judge(parser.version == 10)) return error;
  }
  out.keep_alive = parser.keep_alive();
  return {};
}

class ChunkedReader::Parser final : public http::basic_parser<true> {
 public:
  explicit Parser(const ReadLimits& read_limits) : limits(read_limits) {
    // Beast reads a body only behind a head, so it gets one.
    constexpr std::string_view head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    body_limit(limits.body_bytes_max);
    error_code ec;
    put(boost::asio::const_buffer(head.data(), head.size()), ec);
  }

  const ReadLimits& limits;
  BodyBuffer* body = nullptr;
  HttpError error;

 private:
  void on_request_impl(http::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(http::field, string_view, string_view, error_code&) override {}  // trailers
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view bytes, error_code&) override { return bytes.size(); }
  void on_chunk_header_impl(std::uint64_t, string_view extension, error_code& ec) override {
    if (extension.size() <= limits.chunk_extension_bytes_max) return;
    error = {"a chunk extension is too long"};
    ec = http::error::bad_chunk_extension;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code& ec) override {
    if (!body->append(view(bytes))) {
      error = {"the body is too large", true};
      ec = http::error::body_limit;
    }
    return bytes.size();
  }
  void on_finish_impl(error_code&) override {}
};

ChunkedReader::ChunkedReader(const ReadLimits& limits) : limits_(limits) { parser_ = std::make_unique<Parser>(limits_); }
ChunkedReader::~ChunkedReader() = default;

bool ChunkedReader::done() const noexcept { return parser_->is_done(); }

HttpError ChunkedReader::put(std::string_view bytes, std::size_t& used, BodyBuffer& body) {
  parser_->body = &body;
  used = 0;
  while (used < bytes.size() && !parser_->is_done()) {
    error_code ec;
    used += parser_->put(boost::asio::const_buffer(bytes.data() + used, bytes.size() - used), ec);
    if (parser_->error) return parser_->error;
    if (ec == http::error::need_more) break;
    if (ec) return explain(ec);
  }
  // What is left over is an unfinished chunk header or the trailers.
  if (bytes.size() - used > limits_.overhead_bytes_max && !parser_->is_done()) return {"a chunk header or the trailers are too long", true};
  return {};
}

}  // namespace payswitch::daemon::net

#include "net/answer.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "base/json.h"
#include "base/text.h"

namespace payswitch::daemon::net {
namespace {

class Pen {
 public:
  explicit Pen(char* out) noexcept : out_(out) {}
  void put(std::string_view text) noexcept {
    if (text.empty()) return;
    std::memcpy(out_, text.data(), text.size());
    out_ += text.size();
  }
  void put_clean(std::string_view text) noexcept {
    for (const char c : text) *out_++ = static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  void put(std::uint64_t number) noexcept { out_ += format_decimal(number, out_); }
  char* end() const noexcept { return out_; }

 private:
  char* out_;
};

bool status_without_body(int status) noexcept { return status / 100 == 1 || status == 204 || status == 304; }

}  // namespace

void DateCache::update(std::int64_t wall_ms) noexcept {
  const std::int64_t second = wall_ms / 1000;
  if (second == second_) return;
  second_ = second;
  const auto time = static_cast<std::time_t>(second);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  size_ = std::strftime(text_.data(), text_.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Status";
  }
}

std::size_t answer_bytes_bound(const Answer& answer) noexcept {
  std::size_t bytes = 256 + answer.body.size();
  for (const Header& header : answer.headers) bytes += header.name.size() + header.value.size() + 4;
  return bytes;
}

std::size_t write_answer(const Answer& answer, char* out) noexcept {
  Pen pen(out);
  if (answer.status == 200) {
    pen.put("HTTP/1.1 200 OK\r\nDate: ");
  } else {
    pen.put("HTTP/1.1 ");
    pen.put(static_cast<std::uint64_t>(answer.status));
    pen.put(" ");
    pen.put(reason_phrase(answer.status));
    pen.put("\r\nDate: ");
  }
  pen.put(answer.date);
  pen.put("\r\n");
  const bool bodiless = status_without_body(answer.status);
  if (!bodiless) {
    pen.put("Content-Length: ");
    pen.put(static_cast<std::uint64_t>(answer.body.size()));
    pen.put("\r\n");
  }
  if (answer.close) pen.put("Connection: close\r\n");
  else if (answer.keep_alive_1_0) pen.put("Connection: keep-alive\r\n");
  for (const Header& header : answer.headers) {
    pen.put_clean(header.name);
    pen.put(": ");
    pen.put_clean(header.value);
    pen.put("\r\n");
  }
  pen.put("\r\n");
  if (!bodiless && !answer.head_only) pen.put(answer.body);
  return static_cast<std::size_t>(pen.end() - out);
}

std::string_view problem_body(int status, std::string_view code, std::string_view error_class, std::string_view detail, std::span<char> memory) noexcept {
  json::Writer writer(memory);
  char type[64];
  const int type_size = std::snprintf(type, sizeof type, "urn:payswitch:error:%.*s", static_cast<int>(code.size()), code.data());
  writer.begin_object().member("type", {type, std::min(static_cast<std::size_t>(type_size), sizeof type - 1)}).member("title", reason_phrase(status)).member_integer("status", status);
  writer.member("code", code).member("class", error_class).member("detail", detail).end_object();
  return writer.text();
}

}  // namespace payswitch::daemon::net

#include "support/http_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <mutex>

namespace payswitch::test {
namespace {

std::atomic<int> record_fd{-1};
std::mutex record_mutex;

bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if ((a[i] | 0x20) != (b[i] | 0x20)) return false;
  return true;
}

void quote(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') (out += '\\') += c;
    else if (u < 0x20) ((out += "\\u00") += hex[u >> 4]) += hex[u & 15];
    else out += c;
  }
  out += '"';
}

void record(std::string_view method, std::string_view target, const HeaderList& headers, std::string_view body, const HttpAnswer& answer) {
  const int fd = record_fd.load();
  if (fd < 0 || answer.status == 0) return;
  std::string line = "{\"method\":";
  quote(line, method);
  line += ",\"target\":";
  quote(line, target);
  const auto list = [&](const HeaderList& all) {
    line += '{';
    bool first = true;
    for (const auto& [name, value] : all) {
      if (same_name(name, "authorization")) continue;
      if (!first) line += ',';
      first = false;
      quote(line, name);
      line += ':';
      quote(line, value);
    }
    line += '}';
  };
  line += ",\"request_headers\":";
  list(headers);
  line += ",\"request_body\":";
  quote(line, body.size() > 4096 ? std::string_view("(long)") : body);
  line += ",\"status\":" + std::to_string(answer.status) + ",\"headers\":";
  list(answer.headers);
  line += ",\"body\":";
  quote(line, answer.body);
  line += "}\n";
  const std::lock_guard lock(record_mutex);
  if (write(fd, line.data(), line.size()) < 0) record_fd = -1;
}

}  // namespace

std::string HttpAnswer::header(std::string_view name) const {
  for (const auto& [n, v] : headers)
    if (same_name(n, name)) return v;
  return {};
}

void HttpClient::record_to(const std::string& path) {
  const int old = record_fd.exchange(path.empty() ? -1 : open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (old >= 0) ::close(old);
}

void HttpClient::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  buffer_.clear();
}

bool HttpClient::connect() {
  if (fd_ >= 0) return true;
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return false;
  const timeval timeout{timeout_ms_ / 1000, (timeout_ms_ % 1000) * 1000};
  const int one = 1;
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
  close();
  return false;
}

bool HttpClient::send_raw(std::string_view bytes) {
  if (!connect()) return false;
  while (!bytes.empty()) {
    const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool HttpClient::fill() {
  char chunk[16384];
  const ssize_t n = recv(fd_, chunk, sizeof chunk, 0);
  if (n <= 0) return false;
  buffer_.append(chunk, static_cast<std::size_t>(n));
  return true;
}

HttpAnswer HttpClient::read_answer() {
  if (fd_ < 0) return {};
  std::size_t end;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) {
      close();
      return {};
    }
  }
  HttpAnswer answer;
  std::string_view head(buffer_.data(), end);
  const auto line_end = head.find("\r\n");
  std::from_chars(head.data() + 9, head.data() + 12, answer.status);
  std::string_view rest = line_end == std::string_view::npos ? std::string_view{} : head.substr(line_end + 2);
  while (!rest.empty()) {
    const auto next = rest.find("\r\n");
    const std::string_view line = rest.substr(0, next);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos) {
      std::string_view value = line.substr(colon + 1);
      while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
      answer.headers.emplace_back(line.substr(0, colon), value);
    }
    rest = next == std::string_view::npos ? std::string_view{} : rest.substr(next + 2);
  }
  std::size_t length = 0;
  const std::string text = answer.header("Content-Length");
  std::from_chars(text.data(), text.data() + text.size(), length);
  buffer_.erase(0, end + 4);
  while (buffer_.size() < length) {
    if (!fill()) {
      close();
      return {};
    }
  }
  answer.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  if (same_name(answer.header("Connection"), "close")) close();
  return answer;
}

HttpAnswer HttpClient::request(std::string_view method, std::string_view target, const HeaderList& headers, std::string_view body) {
  std::string out;
  out.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n");
  bool typed = false;
  for (const auto& [name, value] : headers) {
    out.append(name).append(": ").append(value).append("\r\n");
    typed = typed || same_name(name, "content-type");
  }
  if (!body.empty() || method == "POST") {
    if (!typed && !body.empty()) out += "Content-Type: application/json\r\n";
    out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  out += "\r\n";
  out += body;
  const bool reused = fd_ >= 0;
  HttpAnswer answer;
  if (send_raw(out)) answer = read_answer();
  // An idle connection may have been closed by the other side: a GET is sent once more on a new one, anything else is not.
  if (answer.status == 0 && reused && method == "GET") {
    close();
    if (send_raw(out)) answer = read_answer();
  }
  if (answer.status == 0) close();
  record(method, target, headers, body, answer);
  return answer;
}

}  // namespace payswitch::test

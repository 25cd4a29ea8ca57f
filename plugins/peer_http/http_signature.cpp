#include "http_signature.h"

#include <payswitch/sha256.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base64.h"

namespace payswitch::peer_http {
namespace {

bool eat(std::string_view& text, std::string_view what) {
  if (!text.starts_with(what)) return false;
  text.remove_prefix(what.size());
  return true;
}
bool integer(std::string_view& text, std::int64_t& out) {
  std::size_t n = 0;
  while (n != text.size() && text[n] >= '0' && text[n] <= '9') ++n;
  if (n == 0 || n > 15) return false;
  std::from_chars(text.data(), text.data() + n, out);
  text.remove_prefix(n);
  return true;
}
// A quoted string without escapes: key ids and tags need none.
bool quoted(std::string_view& text, std::string& out) {
  if (!eat(text, "\"")) return false;
  const auto end = text.find('"');
  if (end == std::string_view::npos || end > 128) return false;
  out = text.substr(0, end);
  text.remove_prefix(end + 1);
  return std::all_of(out.begin(), out.end(), [](char c) { return c >= 0x20 && c < 0x7f && c != '\\'; });
}

bool covers(const SignatureInput& input, std::span<const std::string_view> required) {
  return input.components.size() == required.size() && std::all_of(required.begin(), required.end(), [&input](std::string_view name) {
    return std::find(input.components.begin(), input.components.end(), name) != input.components.end();
  });
}

std::string of_request(std::string_view name, const RequestParts& r) {
  if (name.starts_with("\"@method\"")) return r.method;
  if (name.starts_with("\"@authority\"")) return r.authority;
  if (name.starts_with("\"@path\"")) return r.path;
  if (name.starts_with("\"@query\"")) return r.query;
  if (name.starts_with("\"signature\"")) return r.signature;
  if (name.starts_with("\"content-digest\"")) return r.digest;
  return r.history;
}

}  // namespace

void split_target(std::string_view target, RequestParts& out) {
  const auto query = target.find('?');
  out.path = target.substr(0, query);
  out.query = query == std::string_view::npos ? "?" : std::string(target.substr(query));
}

std::string normal_authority(std::string_view authority) {
  std::string out(authority);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  for (const std::string_view port : {":443", ":80"}) {
    if (out.ends_with(port)) out.resize(out.size() - port.size());
  }
  return out;
}

std::string content_digest(std::string_view body) {
  const Sha256Digest digest = sha256(body);
  return "sha-256=:" + base64(digest) + ":";
}

SignatureInput make_input(std::span<const std::string_view> components, std::int64_t created_s, std::int64_t expires_s, std::string_view key_id) {
  SignatureInput out;
  out.created_s = created_s;
  out.expires_s = expires_s;
  out.key_id = key_id;
  out.tag = signature_tag;
  out.text = "(";
  for (const std::string_view c : components) {
    if (!out.components.empty()) out.text += ' ';
    out.text += out.components.emplace_back(c);
  }
  out.text += ");created=" + std::to_string(created_s) + ";expires=" + std::to_string(expires_s) + ";keyid=\"" + out.key_id + "\";tag=\"" + out.tag + "\"";
  return out;
}

std::optional<SignatureInput> parse_input(std::string_view header) {
  std::string_view text = header;
  SignatureInput out;
  if (text.size() > signature_text_bytes_max || !eat(text, signature_label) || !eat(text, "=")) return std::nullopt;
  out.text = text;
  if (!eat(text, "(")) return std::nullopt;
  while (!eat(text, ")")) {
    if (!out.components.empty() && !eat(text, " ")) return std::nullopt;
    if (out.components.size() == 32 || !text.starts_with('"')) return std::nullopt;
    const auto close = text.find('"', 1);
    if (close == std::string_view::npos) return std::nullopt;
    const auto end = text.find_first_of(" )", close);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view name = text.substr(0, end);
    if (std::find(out.components.begin(), out.components.end(), name) != out.components.end()) return std::nullopt;
    out.components.emplace_back(name);
    text.remove_prefix(end);
  }
  bool created = false, expires = false;
  while (!text.empty()) {
    bool good = false;
    if (!created && eat(text, ";created=")) good = created = integer(text, out.created_s);
    else if (!expires && eat(text, ";expires=")) good = expires = integer(text, out.expires_s);
    else if (out.key_id.empty() && eat(text, ";keyid=")) good = quoted(text, out.key_id) && !out.key_id.empty();
    else if (out.tag.empty() && eat(text, ";tag=")) good = quoted(text, out.tag) && !out.tag.empty();
    if (!good) return std::nullopt;
  }
  if (!created || out.key_id.empty()) return std::nullopt;
  return out;
}

std::optional<SignatureValue> parse_signature(std::string_view header) {
  std::string_view text = header;
  if (text.size() > signature_text_bytes_max || !eat(text, signature_label) || !eat(text, "=")) return std::nullopt;
  SignatureValue out;
  out.text = text;
  if (text.size() < 2 || text.front() != ':' || text.back() != ':') return std::nullopt;
  const auto bytes = parse_base64(text.substr(1, text.size() - 2));
  if (!bytes || bytes->size() != sizeof out.bytes) return std::nullopt;
  std::memcpy(out.bytes, bytes->data(), sizeof out.bytes);
  return out;
}

std::string signature_text(const std::uint8_t (&bytes)[64]) { return ":" + base64(bytes) + ":"; }

std::string signature_base(std::span<const std::pair<std::string, std::string>> lines, std::string_view params) {
  std::string out;
  for (const auto& [name, value] : lines) {
    out += name;
    out += ": ";
    out += value;
    out += '\n';
  }
  out += "\"@signature-params\": ";
  out += params;
  return out;
}

std::optional<std::string> request_base(const SignatureInput& input, const RequestParts& request) {
  if (!covers(input, request_components)) return std::nullopt;
  std::vector<std::pair<std::string, std::string>> lines;
  for (const std::string& name : input.components) lines.emplace_back(name, of_request(name, request));
  return signature_base(lines, input.text);
}

std::optional<std::string> answer_base(const SignatureInput& input, const AnswerParts& answer, const RequestParts& request) {
  if (!covers(input, answer_components)) return std::nullopt;
  std::vector<std::pair<std::string, std::string>> lines;
  for (const std::string& name : input.components) {
    if (name == "\"@status\"") lines.emplace_back(name, std::to_string(answer.status));
    else if (name == "\"content-digest\"") lines.emplace_back(name, answer.digest);
    else if (name == "\"payswitch-history\"") lines.emplace_back(name, answer.history);
    else lines.emplace_back(name, of_request(name, request));
  }
  return signature_base(lines, input.text);
}

std::string_view complaint(const SignatureInput& input, std::int64_t now_ms, std::int64_t window_ms) {
  if (input.tag != signature_tag) return "signature_tag";
  if (input.expires_s < input.created_s) return "signature_expires";
  const std::int64_t offset_ms = input.created_s * 1000 - now_ms;
  if (offset_ms > window_ms || offset_ms < -window_ms || input.expires_s * 1000 < now_ms) return "signature_window";
  return {};
}

}  // namespace payswitch::peer_http

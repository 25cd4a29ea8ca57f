#include "json.h"

#include <charconv>

namespace payswitch::peer_http {
namespace {

// Length of the UTF-8 sequence at the start of `s`, 0 for a malformed one (RFC 3629: no overlong form, no surrogate).
std::size_t sequence(std::string_view s) noexcept {
  const auto at = [s](std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0u; };
  const auto tail = [at](std::size_t i) { return (at(i) & 0xc0u) == 0x80u; };
  const unsigned c = at(0);
  if (c < 0x80) return 1;
  if (c >= 0xc2 && c <= 0xdf) return tail(1) ? 2 : 0;
  if (c >= 0xe0 && c <= 0xef) {
    if ((c == 0xe0 && at(1) < 0xa0) || (c == 0xed && at(1) > 0x9f)) return 0;
    return tail(1) && tail(2) ? 3 : 0;
  }
  if (c >= 0xf0 && c <= 0xf4) {
    if ((c == 0xf0 && at(1) < 0x90) || (c == 0xf4 && at(1) > 0x8f)) return 0;
    return tail(1) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

void append_utf8(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  }
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool value(Json& out, std::size_t depth) {
    skip();
    if (text_.empty() || depth > Json::depth_max) return false;
    switch (text_.front()) {
      case '{': return object(out, depth);
      case '[': return array(out, depth);
      case '"': out.kind = Json::Kind::string; return string(out.text);
      case 't': out.kind = Json::Kind::boolean; out.number = 1; return word("true");
      case 'f': out.kind = Json::Kind::boolean; return word("false");
      case 'n': return word("null");
      default: out.kind = Json::Kind::integer; return integer(out.number);
    }
  }
  bool end() {
    skip();
    return text_.empty();
  }

 private:
  void skip() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\n' || text_.front() == '\t' || text_.front() == '\r')) text_.remove_prefix(1);
  }
  bool eat(char c) {
    skip();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool word(std::string_view w) {
    if (!text_.starts_with(w)) return false;
    text_.remove_prefix(w.size());
    return true;
  }
  bool integer(std::int64_t& out) {
    const std::size_t digit = text_.front() == '-' ? 1 : 0;
    if (text_.size() <= digit || text_[digit] < '0' || text_[digit] > '9') return false;
    if (text_[digit] == '0' && text_.size() > digit + 1 && text_[digit + 1] >= '0' && text_[digit + 1] <= '9') return false;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), out);
    if (error != std::errc{}) return false;
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    return text_.empty() || (text_.front() != '.' && text_.front() != 'e' && text_.front() != 'E');
  }
  bool hex4(std::uint32_t& out) {
    if (text_.size() < 4) return false;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + 4, out, 16);
    if (error != std::errc{} || end != text_.data() + 4) return false;
    text_.remove_prefix(4);
    return true;
  }
  bool escape(std::string& out) {
    if (text_.empty()) return false;
    const char c = text_.front();
    text_.remove_prefix(1);
    switch (c) {
      case '"': case '\\': case '/': out += c; return true;
      case 'b': out += '\b'; return true;
      case 'f': out += '\f'; return true;
      case 'n': out += '\n'; return true;
      case 'r': out += '\r'; return true;
      case 't': out += '\t'; return true;
      case 'u': break;
      default: return false;
    }
    std::uint32_t code = 0, low = 0;
    if (!hex4(code) || (code >= 0xdc00 && code <= 0xdfff)) return false;
    if (code >= 0xd800 && code <= 0xdbff) {
      if (!word("\\u") || !hex4(low) || low < 0xdc00 || low > 0xdfff) return false;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    append_utf8(out, code);
    return true;
  }
  bool string(std::string& out) {
    text_.remove_prefix(1);
    while (!text_.empty() && text_.front() != '"') {
      if (static_cast<unsigned char>(text_.front()) < 0x20) return false;
      if (text_.front() == '\\') {
        text_.remove_prefix(1);
        if (!escape(out)) return false;
        continue;
      }
      const std::size_t size = sequence(text_);
      if (size == 0) return false;
      out.append(text_.substr(0, size));
      text_.remove_prefix(size);
    }
    return eat('"');
  }
  bool object(Json& out, std::size_t depth) {
    out.kind = Json::Kind::object;
    text_.remove_prefix(1);
    if (eat('}')) return true;
    do {
      skip();
      auto& [name, held] = out.members.emplace_back();
      if (out.members.size() > Json::elements_max || text_.empty() || text_.front() != '"' || !string(name) || !eat(':') || !value(held, depth + 1)) return false;
      for (std::size_t i = 0; i + 1 < out.members.size(); ++i) {
        if (out.members[i].first == name) return false;
      }
    } while (eat(','));
    return eat('}');
  }
  bool array(Json& out, std::size_t depth) {
    out.kind = Json::Kind::array;
    text_.remove_prefix(1);
    if (eat(']')) return true;
    do {
      if (out.elements.size() == Json::elements_max || !value(out.elements.emplace_back(), depth + 1)) return false;
    } while (eat(','));
    return eat(']');
  }

  std::string_view text_;
};

}  // namespace

Json::Json() = default;
Json::~Json() = default;
Json::Json(const Json& other) = default;
Json& Json::operator=(const Json& other) = default;
Json::Json(Json&& other) noexcept = default;
Json& Json::operator=(Json&& other) noexcept = default;

std::optional<Json> Json::parse(std::string_view text) {
  Json out;
  Reader in(text);
  if (!in.value(out, 1) || !in.end()) return std::nullopt;
  return out;
}

const Json* Members::take(std::string_view name, Json::Kind kind) {
  for (const auto& [key, value] : object_.members) {
    if (key != name) continue;
    ++read_;
    if (value.kind == kind) return &value;
    break;
  }
  good_ = false;
  return nullptr;
}
bool Members::has(std::string_view name) const {
  for (const auto& [key, value] : object_.members) {
    if (key == name) return true;
  }
  return false;
}
std::string Members::text(std::string_view name) {
  const Json* v = take(name, Json::Kind::string);
  return v == nullptr ? std::string() : v->text;
}
std::int64_t Members::integer(std::string_view name) {
  const Json* v = take(name, Json::Kind::integer);
  return v == nullptr ? 0 : v->number;
}
bool Members::boolean(std::string_view name) {
  const Json* v = take(name, Json::Kind::boolean);
  return v != nullptr && v->number != 0;
}
const Json* Members::array(std::string_view name) { return take(name, Json::Kind::array); }

JsonText& JsonText::mark(char bracket) {
  if (comma_) out_ += ',';
  out_ += bracket;
  comma_ = false;
  return *this;
}
void JsonText::quote(std::string_view value) {
  out_ += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr char digits[] = "0123456789abcdef";
      out_ += "\\u00";
      out_ += digits[static_cast<unsigned char>(c) >> 4];
      out_ += digits[static_cast<unsigned char>(c) & 15];
    } else {
      out_ += c;
    }
  }
  out_ += '"';
}
void JsonText::member(std::string_view name) {
  if (comma_) out_ += ',';
  quote(name);
  out_ += ':';
  comma_ = false;
}
JsonText& JsonText::text(std::string_view name, std::string_view value) {
  member(name);
  quote(value);
  comma_ = true;
  return *this;
}
JsonText& JsonText::integer(std::string_view name, std::int64_t value) {
  member(name);
  out_ += std::to_string(value);
  comma_ = true;
  return *this;
}
JsonText& JsonText::boolean(std::string_view name, bool value) {
  member(name);
  out_ += value ? "true" : "false";
  comma_ = true;
  return *this;
}

}  // namespace payswitch::peer_http

#include "args.h"

namespace payswitch::sim_bank {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool eat(char c) {
    skip();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool end() {
    skip();
    return text_.empty();
  }
  std::optional<std::string> string() {
    if (!eat('"')) return std::nullopt;
    std::string out;
    while (!text_.empty() && text_.front() != '"') {
      if (text_.front() == '\\') {
        text_.remove_prefix(1);
        if (text_.empty() || (text_.front() != '"' && text_.front() != '\\')) return std::nullopt;
      }
      out += text_.front();
      text_.remove_prefix(1);
    }
    if (text_.empty()) return std::nullopt;
    text_.remove_prefix(1);
    return out;
  }
  std::optional<std::string> value() {
    skip();
    if (!text_.empty() && text_.front() == '"') return string();
    std::string out;
    while (!text_.empty() && ((text_.front() >= '0' && text_.front() <= '9') || (text_.front() == '-' && out.empty()))) {
      out += text_.front();
      text_.remove_prefix(1);
    }
    return out.empty() ? std::nullopt : std::optional(out);
  }

 private:
  void skip() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\n' || text_.front() == '\t' || text_.front() == '\r')) text_.remove_prefix(1);
  }
  std::string_view text_;
};

}  // namespace

std::optional<Args> parse_args(std::string_view json) {
  Reader in(json);
  Args out;
  if (in.end()) return out;
  if (!in.eat('{')) return std::nullopt;
  if (in.eat('}')) return in.end() ? std::optional(out) : std::nullopt;
  do {
    auto name = in.string();
    if (!name || !in.eat(':')) return std::nullopt;
    auto value = in.value();
    if (!value || !out.emplace(std::move(*name), std::move(*value)).second) return std::nullopt;
  } while (in.eat(','));
  return in.eat('}') && in.end() ? std::optional(out) : std::nullopt;
}

std::string_view arg(const Args& args, std::string_view name, std::string_view otherwise) {
  const auto at = args.find(name);
  return at == args.end() ? otherwise : std::string_view(at->second);
}

}  // namespace payswitch::sim_bank

// One value against its spec.
#include <algorithm>
#include <filesystem>
#include <limits>
#include <regex>

#include "config/credential.h"
#include "config/shape.h"

namespace payswitch::daemon::config {
namespace {

// std::regex recurses once a character: a bound on the text is a bound on the stack.
constexpr std::size_t pattern_text_bytes_max = 1024;

std::string_view found_kind(const Node& node) {
  switch (node.kind) {
    case Node::Kind::string: return "a string";
    case Node::Kind::integer: return "an integer";
    case Node::Kind::boolean: return "a boolean";
    case Node::Kind::list: return "a list";
    case Node::Kind::table: return "a table";
    case Node::Kind::other: return node.text;
  }
  return "something else";
}

std::string_view expected(ValueType type) {
  switch (type) {
    case ValueType::string: return "a string";
    case ValueType::integer: return "an integer";
    case ValueType::boolean: return "true or false";
    case ValueType::duration: return "a duration such as \"30s\"";
    case ValueType::size: return "a size such as \"64KiB\"";
    case ValueType::url: return "a URL such as \"https://bank.example:8443\"";
    case ValueType::path: return "a path";
    case ValueType::enumeration: return "one of a few words";
    case ValueType::list: return "a list";
    case ValueType::table: return "a table";
    case ValueType::secret: return "a secret, written \"${cred:NAME}\" or \"file:/…\"";
    case ValueType::money: return "an amount in a string";
  }
  return "another type";
}

// "https://host[:port][/path]", nothing a URL parser could read in two ways.
bool is_url(std::string_view text) {
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return false;
  const std::string_view scheme = text.substr(0, colon);
  if (scheme != "http" && scheme != "https") return false;
  const std::string_view rest = text.substr(colon + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.empty() || authority.front() == ':' || authority.find('@') != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '<' && c != '>' && c != '\\'; });
}

Result<std::int64_t> parse_bound(std::string_view text, ValueType type) {
  if (type == ValueType::duration) return parse_duration_ns(text);
  if (type == ValueType::size) return parse_size_bytes(text);
  const bool negative = !text.empty() && text.front() == '-';
  Result<std::int64_t> number = parse_minor_units(negative ? text.substr(1) : text);
  if (number.ok() && negative) return -number.value();
  return number;
}

std::string format(std::int64_t value, ValueType type) {
  if (type == ValueType::duration) return "\"" + format_duration(value) + "\"";
  if (type == ValueType::size) return "\"" + format_size(value) + "\"";
  if (type == ValueType::money) return "\"" + std::to_string(value) + "\"";
  return std::to_string(value);
}

// `value` against "min..max" of the spec; `type` says how both are written.
bool within(std::int64_t value, const KeySpec& spec, std::string& why) {
  if (spec.range.empty()) return true;
  const auto dots = spec.range.find("..");
  std::int64_t low = std::numeric_limits<std::int64_t>::min(), high = std::numeric_limits<std::int64_t>::max();
  bool readable = dots != std::string_view::npos;
  if (readable)
    for (const auto& [text, bound] : {std::pair{spec.range.substr(0, dots), &low}, std::pair{spec.range.substr(dots + 2), &high}}) {
      if (text.empty()) continue;
      const Result<std::int64_t> parsed = parse_bound(text, spec.type);
      if (parsed.ok()) *bound = parsed.value();
      else readable = false;
    }
  if (!readable) why = "the key table's range \"" + std::string(spec.range) + "\" is not min..max";
  else if (value < low) why = format(value, spec.type) + " is below the minimum " + format(low, spec.type);
  else if (value > high) why = format(value, spec.type) + " is above the maximum " + format(high, spec.type);
  else return true;
  return false;
}

class ValueChecker {
 public:
  ValueChecker(const std::string& path, const KeySpec& spec, const CheckContext& context, Problems& problems)
      : path_(path), spec_(spec), context_(context), problems_(problems) {}

  bool check(Node& node) {
    const bool fits = convert(node);
    if (fits) {
      node.type = spec_.type;
    } else {  // nobody after us judges it again
      node.kind = Node::Kind::other;
      node.integer = 0;
      node.text.clear();
    }
    return fits;
  }

 private:
  bool refuse(const Node& node, std::string text) {
    problems_.error(node.where, path_, std::move(text));
    return false;
  }
  bool wrong_type(const Node& node) {
    return refuse(node, "expected " + std::string(expected(spec_.type)) + ", found " + std::string(found_kind(node)));
  }

  bool convert(Node& node) {
    switch (spec_.type) {
      case ValueType::integer:
        return node.kind == Node::Kind::integer ? in_range(node) : wrong_type(node);
      case ValueType::boolean:
        return node.kind == Node::Kind::boolean || wrong_type(node);
      case ValueType::table:
        return node.kind == Node::Kind::table || wrong_type(node);
      case ValueType::list:
        return list(node);
      case ValueType::size:
        if (node.kind == Node::Kind::integer) {
          if (node.integer < 0) return wrong_type(node);
          node.written = std::to_string(node.integer);
          return in_range(node);
        }
        [[fallthrough]];
      case ValueType::duration:
        if (node.kind != Node::Kind::string) return wrong_type(node);
        return expand(node) && number(node, spec_.type == ValueType::size ? parse_size_bytes(node.text) : parse_duration_ns(node.text));
      case ValueType::money:
        if (node.kind != Node::Kind::string) return wrong_type(node);
        return expand(node) && money(node);
      case ValueType::secret:
        return node.kind == Node::Kind::string ? secret(node) : wrong_type(node);
      case ValueType::path:
        return node.kind == Node::Kind::string ? file_path(node) : wrong_type(node);
      case ValueType::url:
        if (node.kind != Node::Kind::string) return wrong_type(node);
        if (!expand(node)) return false;
        return is_url(node.text) ? matches(node, node.text) : refuse(node, "expected " + std::string(expected(spec_.type)));
      case ValueType::enumeration:
        return node.kind == Node::Kind::string ? word(node) : wrong_type(node);
      case ValueType::string:
        if (node.kind != Node::Kind::string) return wrong_type(node);
        if (!expand(node)) return false;
        if ((spec_.flags & PSW_KEY_SECRET) != 0) node.secret = true;
        return matches(node, node.text);
    }
    return refuse(node, "its type is none this daemon knows");
  }

  bool number(Node& node, const Result<std::int64_t>& parsed) {
    if (!parsed.ok()) return refuse(node, parsed.error().message);
    node.written = std::move(node.text);
    node.text.clear();
    node.integer = parsed.value();
    return in_range(node);
  }

  // Ours are minor units, the currency being the key's; a plugin's say the currency and are written as people write money.
  bool money(Node& node) {
    if (spec_.unit == "minor") return number(node, parse_minor_units(node.text));
    const auto space = node.text.find(' ');
    const std::string currency = space == std::string::npos ? std::string() : node.text.substr(space + 1);
    if (currency.empty()) return refuse(node, "expected an amount and a currency, such as \"150.25 USD\"");
    const auto known = std::find_if(context_.currencies.begin(), context_.currencies.end(), [&](const auto& entry) { return entry.first == currency; });
    if (known == context_.currencies.end()) return refuse(node, "currency \"" + currency + "\" is not in switch.currencies");
    const Result<std::int64_t> parsed = parse_decimal_amount(std::string_view(node.text).substr(0, space), known->second);
    if (!parsed.ok()) return refuse(node, parsed.error().message);
    node.written = node.text;
    node.text = currency;
    node.integer = parsed.value();
    return in_range(node);
  }

  bool in_range(const Node& node) {
    std::string why;
    return within(node.integer, spec_, why) || refuse(node, why);
  }

  bool word(Node& node) {
    if (!expand(node)) return false;
    std::vector<std::string_view> words;
    for (std::string_view rest = spec_.range; !rest.empty();) {
      const auto bar = rest.find('|');
      words.push_back(rest.substr(0, bar));
      rest = bar == std::string_view::npos ? std::string_view() : rest.substr(bar + 1);
    }
    if (std::find(words.begin(), words.end(), node.text) != words.end()) return true;
    std::string text = "expected one of";
    for (std::size_t i = 0; i < words.size(); ++i) text += (i == 0 ? " \"" : ", \"") + std::string(words[i]) + "\"";
    text += ", found \"" + node.text + "\"";
    if (const std::string_view best = nearest(node.text, words); !best.empty()) text += "; did you mean \"" + std::string(best) + "\"?";
    return refuse(node, text);
  }

  bool list(Node& node) {
    if (node.kind != Node::Kind::list) return wrong_type(node);
    bool fits = true;
    for (Node& item : node.items) {
      if (item.kind != Node::Kind::string) fits = refuse(item, "expected a string in this list, found " + std::string(found_kind(item)));
      else fits = expand(item) && fits;
    }
    std::string why;
    return fits && (within(static_cast<std::int64_t>(node.items.size()), spec_, why) || refuse(node, "number of elements: " + why));
  }

  bool matches(const Node& node, const std::string& text) {
    if (spec_.range.empty()) return true;
    if (text.size() > pattern_text_bytes_max) return refuse(node, "longer than " + std::to_string(pattern_text_bytes_max) + " bytes");
    try {
      if (std::regex_match(text, std::regex(spec_.range.begin(), spec_.range.end(), std::regex::extended))) return true;
    } catch (const std::regex_error&) {
      return refuse(node, "the key table's pattern \"" + std::string(spec_.range) + "\" is no regular expression");
    }
    return refuse(node, (node.secret ? std::string("the value") : "\"" + text + "\"") + " does not match " + std::string(spec_.range));
  }

  bool secret(Node& node) {
    Result<std::string> content = secret_content(node.text, context_);
    if (!content.ok()) return refuse(node, content.error().message);
    node.written = node.text;
    node.text = std::move(*content);
    node.secret = true;
    return true;
  }

  bool file_path(Node& node) {
    std::string written = node.text, name;
    if (credential_name(node.text, name)) {
      Result<std::string> file = credential_path(name, context_);
      if (!file.ok()) return refuse(node, file.error().message);
      if (Result<std::string> content = read_credential(*file, name, context_); !content.ok()) return refuse(node, content.error().message);
      node.text = std::move(*file);
    } else {
      if (!expand(node)) return false;
      if (node.text.empty()) return refuse(node, "expected a path, found an empty string");
      if (node.text.front() != '/') node.text = (std::filesystem::path(context_.base_directory) / node.text).lexically_normal().string();
    }
    node.written = std::move(written);
    return matches(node, node.text);
  }

  bool expand(Node& node) {
    Result<std::string> expanded = expand_variables(node.text, context_);
    if (!expanded.ok()) return refuse(node, expanded.error().message);
    node.text = std::move(*expanded);
    return true;
  }

  const std::string& path_;
  const KeySpec& spec_;
  const CheckContext& context_;
  Problems& problems_;
};

}  // namespace

bool check_value(Node& node, const std::string& path, const KeySpec& spec, const CheckContext& context, Problems& problems) {
  return ValueChecker(path, spec, context, problems).check(node);
}

void check_length(const Node& node, const std::string& path, const KeySpec& spec, Problems& problems) {
  std::string why;
  if (!within(static_cast<std::int64_t>(node.items.size()), spec, why)) problems.error(node.where, path, "number of elements: " + why);
}

bool default_value(Node& node, const std::string& path, const KeySpec& spec, const CheckContext& context, Problems& problems) {
  node.from_default = true;
  switch (spec.type) {
    case ValueType::boolean:
      node.kind = Node::Kind::boolean;
      node.boolean = spec.dflt == "true";
      node.integer = node.boolean ? 1 : 0;
      break;
    case ValueType::integer: {
      const Result<std::int64_t> parsed = parse_bound(spec.dflt, ValueType::integer);
      if (!parsed.ok()) {
        problems.error({}, path, "the key table's default \"" + std::string(spec.dflt) + "\" is no integer");
        return false;
      }
      node.kind = Node::Kind::integer;
      node.integer = parsed.value();
      break;
    }
    default:
      node.kind = Node::Kind::string;
      node.text = std::string(spec.dflt);
  }
  return check_value(node, path, spec, context, problems);
}

}  // namespace payswitch::daemon::config

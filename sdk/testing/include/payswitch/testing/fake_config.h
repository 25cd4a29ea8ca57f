// Options for a fake host: texts as a person writes them, read by the types of the schema. Checks what a test needs to see checked:
// unknown keys, required ones, types. The daemon's own check (ranges, nearest key, line and column) is not imitated.
#pragma once

#include <payswitch/abi.h>
#include <payswitch/money.h>
#include <payswitch/str.h>

#include <charconv>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace payswitch::testing {

class FakeConfig {
 public:
  void set(const std::string& path, std::string_view value) { values_[path] = value; }

  // The first complaint, or empty.
  std::string check(const psw_type& type) {
    schema_.clear();
    for (const psw_key& k : rows<psw_key>(type.keys)) schema_.push_back(k);
    for (const auto& [path, value] : values_) {
      if (path.front() != '@' && find(path) == nullptr) return path + ": unknown key";
    }
    for (const psw_key& k : schema_) {
      const std::string path(view(k.path));
      if ((k.flags & PSW_KEY_REQUIRED) != 0 && path.find('[') == std::string::npos && path.find('*') == std::string::npos && !values_.contains(path)) return path + ": is required";
    }
    return {};
  }

  const psw_config* abi() const noexcept { return reinterpret_cast<const psw_config*>(this); }

  static std::int32_t get(const psw_config* c, const char* path, std::int32_t type, void* out, psw_error*) noexcept {
    return const_cast<FakeConfig*>(reinterpret_cast<const FakeConfig*>(c))->read(path, type, out);
  }

  static std::optional<std::int64_t> parse_duration(std::string_view text) {
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc{}) return std::nullopt;
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    for (const auto& [name, ns] : {std::pair<std::string_view, std::int64_t>{"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}, {"min", 60'000'000'000},
                                   {"h", 3'600'000'000'000}, {"d", 86'400'000'000'000}}) {
      if (unit == name) return n * ns;
    }
    return std::nullopt;
  }

 private:
  // "peers[3].url" and "librdkafka.x" as the schema writes them.
  static bool matches(std::string_view pattern, std::string_view path) {
    while (!pattern.empty() && !path.empty()) {
      if (pattern.substr(0, 2) == "[]" && path.front() == '[') {
        const auto close = path.find(']');
        if (close == std::string_view::npos) return false;
        pattern.remove_prefix(2);
        path.remove_prefix(close + 1);
      } else if (pattern == "*") {
        return true;
      } else if (pattern.front() == path.front()) {
        pattern.remove_prefix(1);
        path.remove_prefix(1);
      } else {
        return false;
      }
    }
    return pattern.empty() && path.empty();
  }
  const psw_key* find(std::string_view path) const {
    for (const psw_key& k : schema_) {
      if (matches(view(k.path), path)) return &k;
    }
    return nullptr;
  }
  std::int32_t read(const std::string& path, std::int32_t type, void* out) {
    const auto put = [out](const auto& value) { std::memcpy(out, &value, sizeof value); return PSW_OK; };
    if (type == PSW_T_LIST) {
      std::int64_t n = 0;
      while (has_prefix(path + "[" + std::to_string(n) + "]")) ++n;
      return put(n);
    }
    if (type == PSW_T_TABLE) {
      std::vector<psw_str>& names = tables_.emplace_back();
      for (const auto& [key, value] : values_) {
        if (key.starts_with(path + ".")) names.push_back(str(std::string_view(key).substr(path.size() + 1)));
      }
      return put(list_of(names.data(), names.size()));
    }
    std::string_view text;
    if (const auto at = values_.find(path); at != values_.end()) {
      text = at->second;
    } else if (path.front() == '@') {
      return PSW_ABSENT;
    } else {
      const psw_key* key = find(path);
      if (key == nullptr || key->type != type) return PSW_INVALID;
      if (empty(key->dflt)) return PSW_ABSENT;
      text = view(key->dflt);
    }
    switch (type) {
      case PSW_T_INT:
      case PSW_T_SIZE: {
        std::int64_t n = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
        if (error != std::errc{}) return PSW_INVALID;
        const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
        if (unit == "KiB") n <<= 10;
        if (unit == "MiB") n <<= 20;
        return put(n);
      }
      case PSW_T_BOOL: return put(std::int32_t{text == "true"});
      case PSW_T_DURATION: {
        const auto ns = parse_duration(text);
        return ns ? put(*ns) : PSW_INVALID;
      }
      case PSW_T_MONEY: return PSW_INVALID;  // needs the currency table, which a fake host does not have
      default: return put(str(text));
    }
  }
  bool has_prefix(const std::string& prefix) const {
    const auto at = values_.lower_bound(prefix);
    return at != values_.end() && at->first.starts_with(prefix);
  }

  std::map<std::string, std::string> values_;
  std::vector<psw_key> schema_;
  std::deque<std::vector<psw_str>> tables_;
};

}  // namespace payswitch::testing

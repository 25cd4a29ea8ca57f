// The options of one instance as C++ values. A wrong path or type is a bug of the plugin and throws; what the user wrote was
// checked against the schema before. Strings stay good until the instance is destroyed.
#pragma once

#include <payswitch/abi.h>
#include <payswitch/str.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace payswitch {

// Thrown by configure() or start(): the host shows it as file:line:column of `key`.
class option_error : public std::runtime_error {
 public:
  option_error(std::string key, const std::string& text) : std::runtime_error(text), key_(std::move(key)) {}
  const std::string& key() const noexcept { return key_; }

 private:
  std::string key_;
};

class config {
 public:
  config(const psw_host* host, const psw_config* values) noexcept : host_(host), values_(values) {}

  std::string_view text(const std::string& path) const { return view(need<psw_str>(path, PSW_T_STRING)); }
  std::string_view url(const std::string& path) const { return view(need<psw_str>(path, PSW_T_URL)); }
  std::string_view file(const std::string& path) const { return view(need<psw_str>(path, PSW_T_PATH)); }
  std::string_view choice(const std::string& path) const { return view(need<psw_str>(path, PSW_T_ENUM)); }
  std::string_view secret(const std::string& path) const { return view(need<psw_str>(path, PSW_T_SECRET)); }
  std::int64_t integer(const std::string& path) const { return need<std::int64_t>(path, PSW_T_INT); }
  std::int64_t bytes(const std::string& path) const { return need<std::int64_t>(path, PSW_T_SIZE); }
  bool boolean(const std::string& path) const { return need<std::int32_t>(path, PSW_T_BOOL) != 0; }
  std::chrono::nanoseconds duration(const std::string& path) const { return std::chrono::nanoseconds(need<std::int64_t>(path, PSW_T_DURATION)); }
  psw_money money(const std::string& path) const { return need<psw_money>(path, PSW_T_MONEY); }
  std::int64_t count(const std::string& list_path) const { return find<std::int64_t>(list_path, PSW_T_LIST).value_or(0); }
  std::vector<std::string_view> names(const std::string& table_path) const {
    std::vector<std::string_view> out;
    const auto list = find<psw_list>(table_path, PSW_T_TABLE);
    if (list) {
      for (const psw_str& s : rows<psw_str>(*list)) out.push_back(view(s));
    }
    return out;
  }
  std::optional<std::string_view> maybe_text(const std::string& path) const {
    const auto s = find<psw_str>(path, PSW_T_STRING);
    return s ? std::optional(view(*s)) : std::nullopt;
  }
  std::optional<std::int64_t> maybe_integer(const std::string& path) const { return find<std::int64_t>(path, PSW_T_INT); }
  // The instance's own facts.
  std::string_view instance_name() const { return maybe_text("@name").value_or(""); }
  std::string_view bank() const { return maybe_text("@bank").value_or(""); }
  std::string_view our_bank() const { return maybe_text("@our_bank").value_or(""); }
  std::string_view tls_profile() const { return maybe_text("@tls").value_or(""); }

 private:
  template <class T>
  std::optional<T> find(const std::string& path, std::int32_t type) const {
    T out{};
    psw_error error{};
    error.size = sizeof error;
    const std::int32_t code = host_->get(values_, path.c_str(), type, &out, &error);
    if (code == PSW_OK) return out;
    if (code == PSW_ABSENT) return std::nullopt;
    throw option_error(path, "asked for a key or type that the schema does not have");
  }
  template <class T>
  T need(const std::string& path, std::int32_t type) const {
    const auto value = find<T>(path, type);
    if (!value) throw option_error(path, "is required");
    return *value;
  }

  const psw_host* host_;
  const psw_config* values_;
};

}  // namespace payswitch

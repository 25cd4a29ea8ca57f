// Options declared as data: from this one table the host refuses unknown keys, checks values with file, line and column, prints
// help and writes a commented sample. Everything is constant: static constexpr auto schema = payswitch::schema(
//   url("endpoint").required().doc("base URL"), duration("timeout").def("2s").range("100ms..30s"), secret("token"));
#pragma once

#include <payswitch/abi.h>
#include <payswitch/str.h>

#include <array>
#include <string_view>

namespace payswitch {

struct key {
  psw_key abi{};
  constexpr key(std::string_view path, std::int32_t type) noexcept {
    abi.path = str(path);
    abi.type = type;
    if (type == PSW_T_SECRET) abi.flags = PSW_KEY_SECRET;
  }
  constexpr key required() const noexcept { return with(PSW_KEY_REQUIRED); }
  constexpr key reloadable() const noexcept { return with(PSW_KEY_RELOADABLE); }
  constexpr key deprecated(std::string_view replaced_by) const noexcept {
    key out = with(PSW_KEY_DEPRECATED);
    out.abi.replaced_by = str(replaced_by);
    return out;
  }
  constexpr key def(std::string_view text) const noexcept { return set(&psw_key::dflt, text); }
  constexpr key range(std::string_view text) const noexcept { return set(&psw_key::range, text); }
  constexpr key unit(std::string_view text) const noexcept { return set(&psw_key::unit, text); }
  constexpr key doc(std::string_view text) const noexcept { return set(&psw_key::doc, text); }
  constexpr key since(std::string_view text) const noexcept { return set(&psw_key::since, text); }

 private:
  constexpr key with(std::uint32_t flag) const noexcept {
    key out = *this;
    out.abi.flags |= flag;
    return out;
  }
  constexpr key set(psw_str psw_key::*field, std::string_view text) const noexcept {
    key out = *this;
    out.abi.*field = str(text);
    return out;
  }
};

constexpr key text(std::string_view path) noexcept { return {path, PSW_T_STRING}; }
constexpr key integer(std::string_view path) noexcept { return {path, PSW_T_INT}; }
constexpr key boolean(std::string_view path) noexcept { return {path, PSW_T_BOOL}; }
constexpr key duration(std::string_view path) noexcept { return {path, PSW_T_DURATION}; }
constexpr key size(std::string_view path) noexcept { return {path, PSW_T_SIZE}; }
constexpr key url(std::string_view path) noexcept { return {path, PSW_T_URL}; }
constexpr key path(std::string_view path) noexcept { return {path, PSW_T_PATH}; }
constexpr key choice(std::string_view path, std::string_view one_of) noexcept { return key(path, PSW_T_ENUM).range(one_of); }
constexpr key list(std::string_view path) noexcept { return {path, PSW_T_LIST}; }
constexpr key table(std::string_view path) noexcept { return {path, PSW_T_TABLE}; }
constexpr key secret(std::string_view path) noexcept { return {path, PSW_T_SECRET}; }
constexpr key money(std::string_view path) noexcept { return {path, PSW_T_MONEY}; }

template <class... K>
constexpr std::array<psw_key, sizeof...(K)> schema(const K&... keys) noexcept { return {keys.abi...}; }

// Messages (log ids with an explanation) and commands, in the same manner.
constexpr psw_message message(std::string_view id, std::string_view severity, std::string_view sentence, std::string_view explanation) noexcept {
  return {str(id), str(severity), str(sentence), str(explanation)};
}
template <class... M>
constexpr std::array<psw_message, sizeof...(M)> messages(const M&... all) noexcept { return {all...}; }

constexpr psw_command command(std::string_view name, std::string_view args, std::string_view doc, std::int32_t role = PSW_ROLE_OPERATOR,
                              std::uint32_t flags = 0) noexcept {
  return {str(name), str(args), str(doc), psw_str{nullptr, 0}, role, flags};
}
template <class... C>
constexpr std::array<psw_command, sizeof...(C)> commands(const C&... all) noexcept { return {all...}; }

}  // namespace payswitch

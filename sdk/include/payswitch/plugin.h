// PSW_PLUGIN(Type, "org.example.bank", "1.0.0"): the one symbol a plugin exports, its connector type, and the note that repeats it.
#pragma once

#include <payswitch/abi.h>
#include <payswitch/note.h>
#include <payswitch/schema.h>
#include <payswitch/str.h>

#include <string_view>

namespace payswitch::detail {

template <class D>
struct type_parts {
  static constexpr auto keys = [] {
    if constexpr (requires { D::schema; }) return D::schema; else return schema();
  }();
  static constexpr auto messages = [] {
    if constexpr (requires { D::messages; }) return D::messages; else return payswitch::messages();
  }();
  static constexpr auto commands = [] {
    if constexpr (requires { D::commands; }) return D::commands; else return payswitch::commands();
  }();
};

template <class Array>
constexpr psw_list list_of_array(const Array& a) noexcept {
  if constexpr (sizeof(a) == 0 || Array{}.size() == 0) {
    return psw_list{nullptr, 0, 0};
  } else {
    return psw_list{a.data(), static_cast<std::uint32_t>(a.size()), static_cast<std::uint32_t>(sizeof(a[0]))};
  }
}

template <class D>
constexpr psw_type make_type(std::string_view written) noexcept {
  psw_type t{};
  t.size = sizeof t;
  t.role = D::role;
  if constexpr (requires { D::type_id; }) t.id = str(D::type_id); else t.id = str(written.substr(written.rfind(':') == std::string_view::npos ? 0 : written.rfind(':') + 1));
  if constexpr (requires { D::doc; }) t.doc = str(D::doc);
  t.capabilities = D::capabilities();
  t.lanes = list_of_array(D::lanes);
  t.keys = list_of_array(type_parts<D>::keys);
  t.messages = list_of_array(type_parts<D>::messages);
  t.commands = list_of_array(type_parts<D>::commands);
  if constexpr (requires { D::dedupe_window_ms; }) t.dedupe_window_ms = D::dedupe_window_ms; else t.dedupe_window_ms = -1;
  if constexpr (requires { D::tombstone_lifetime_ms; }) t.tombstone_lifetime_ms = D::tombstone_lifetime_ms; else t.tombstone_lifetime_ms = -1;
  t.create = &D::create;
  return t;
}

}  // namespace payswitch::detail

#define PSW_PLUGIN(Type, plugin_id, plugin_version)                                                                               \
  PSW_NOTE(plugin_id, plugin_version, 1);                                                                                         \
  static constexpr psw_type psw_types_of_this_plugin[] = {::payswitch::detail::make_type<Type>(#Type)};                           \
  extern "C" constexpr psw_plugin psw_plugin_entry = {PSW_MAGIC, sizeof(psw_plugin), PSW_ABI_MAJOR, PSW_ABI_MINOR, 1, 0,           \
    ::payswitch::str(plugin_id), ::payswitch::str(plugin_version), {nullptr, 0}, {nullptr, 0}, {nullptr, 0},                      \
    {psw_types_of_this_plugin, 1, sizeof(psw_type)}};

#include "plugin_host/options.h"

namespace payswitch::daemon::plugin_host {

using config::ValueType;

std::optional<Option> TreeOptions::find(std::string_view path) const {
  const auto value = tree_.get(path);
  if (!value.ok()) return std::nullopt;
  return Option{value->type, value->text, value->integer, value->exponent, value->count};
}

std::optional<Option> FlatOptions::find(std::string_view path) const {
  if (const auto it = texts_.find(path); it != texts_.end()) {
    Option option;
    option.text = it->second;
    return option;
  }
  if (const auto it = integers_.find(path); it != integers_.end()) {
    Option option;
    option.type = ValueType::integer;
    option.integer = it->second;
    return option;
  }
  return std::nullopt;
}

std::vector<std::string_view> TreeOptions::names(std::string_view path) const { return tree_.keys(path); }

std::vector<std::string_view> FlatOptions::names(std::string_view path) const {
  const std::string prefix = std::string(path) + ".";
  std::vector<std::string_view> names;
  for (const auto& [key, value] : texts_) {
    if (key.starts_with(prefix)) names.push_back(std::string_view(key).substr(prefix.size()));
  }
  return names;
}

}  // namespace payswitch::daemon::plugin_host

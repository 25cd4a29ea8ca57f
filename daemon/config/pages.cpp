// What is generated from key tables: --print-defaults, the reference page, a plugin's help and sample.
#include <algorithm>

#include "config/load.h"

namespace payswitch::daemon::config {
namespace {

// "bank.*.exposure.*" → table "bank.CODE.exposure", key "CURRENCY".
struct Place {
  std::string table;
  std::string key;
  bool list = false;  // the innermost table is an element of a list: [[…]]
};

std::string example_name(std::string_view before) {
  if (before == "bank") return "jh";
  if (before == "sign" || before == "keys") return "KEY-ID";
  if (before == "credentials") return "NAME";
  if (before == "") return "NAME";
  return "KRW";
}

Place place_of(std::string_view path) {
  Place out;
  std::string last;
  std::vector<std::string> segments;
  while (!path.empty()) {
    const auto dot = path.find('.');
    std::string segment(path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    if (segment == "*") segment = example_name(last);
    segments.push_back(segment);
    last = segment;
  }
  for (std::size_t i = 0; i < segments.size(); ++i) {
    std::string segment = segments[i];
    const bool list = segment.ends_with("[]");
    if (list) segment.resize(segment.size() - 2);
    if (i + 1 == segments.size()) {
      out.key = segment;
    } else {
      out.table += (out.table.empty() ? "" : ".") + segment;
      out.list = list;
    }
  }
  return out;
}

std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') out += "\\n";
    else out += c;
  }
  return out + "\"";
}

// The default as TOML, or what a value looks like when there is none.
std::string sample_value(const KeySpec& spec) {
  const std::string_view dflt = spec.dflt;
  if (spec.path.ends_with("[]")) {
    if (dflt.empty()) return "[]";
    return "[" + toml_string(dflt) + "]";
  }
  switch (spec.type) {
    case ValueType::integer: return dflt.empty() ? "0" : std::string(dflt);
    case ValueType::boolean: return dflt.empty() ? "false" : std::string(dflt);
    case ValueType::list: return "[]";
    case ValueType::table: return "{}";
    case ValueType::secret: return "\"${cred:NAME}\"";
    case ValueType::enumeration: return toml_string(dflt.empty() ? spec.range.substr(0, spec.range.find('|')) : dflt);
    case ValueType::money: return toml_string(!dflt.empty() ? dflt : spec.unit == "minor" ? "1000000" : "150.25 USD");
    case ValueType::duration: return toml_string(dflt.empty() ? "30s" : dflt);
    case ValueType::size: return toml_string(dflt.empty() ? "64KiB" : dflt);
    case ValueType::url: return toml_string(dflt.empty() ? "https://host.example" : dflt);
    default: return toml_string(dflt);
  }
}

std::string allowed(const KeySpec& spec) {
  if (spec.range.empty()) return {};
  switch (spec.type) {
    case ValueType::enumeration: {
      std::string out;
      for (std::string_view rest = spec.range; !rest.empty();) {
        const auto bar = rest.find('|');
        out += (out.empty() ? "" : ", ") + std::string(rest.substr(0, bar));
        rest = bar == std::string_view::npos ? std::string_view() : rest.substr(bar + 1);
      }
      return out;
    }
    case ValueType::integer:
    case ValueType::duration:
    case ValueType::size:
    case ValueType::money:
    case ValueType::list: {
      const auto dots = spec.range.find("..");
      const std::string low(spec.range.substr(0, dots)), high(dots == std::string_view::npos ? std::string_view() : spec.range.substr(dots + 2));
      if (high.empty()) return "at least " + low;
      if (low.empty()) return "at most " + high;
      return low + " to " + high;
    }
    default: return "matches " + std::string(spec.range);
  }
}

std::string note(const KeySpec& spec) {
  std::string out(spec.doc);
  if (const std::string values = allowed(spec); !values.empty() && !values.starts_with("matches")) out += (out.empty() ? "" : "; ") + values;
  if ((spec.flags & PSW_KEY_REQUIRED) != 0) out += (out.empty() ? "" : "; ") + std::string("required");
  if ((spec.flags & PSW_KEY_DEPRECATED) != 0) out += "; deprecated" + (spec.replaced_by.empty() ? std::string() : ", write " + std::string(spec.replaced_by));
  return out;
}

std::string pad(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

// Tables that may be left out, and lists: their lines are commented, so that the printed file means what an empty one means.
bool optional_table(std::string_view table) {
  for (const std::string_view prefix : {"connector", "bank.", "route", "login", "listen.peer"})
    if (table.starts_with(prefix)) return true;
  return table.ends_with(".tls");
}

}  // namespace

std::string print_defaults() {
  std::string out =
      "# Payswitch: every key of the configuration file. A line without # is the default as it is written; a line that begins with\n"
      "# # has no default, or stands in a table that may be left out. Made by `payswitchd --print-defaults`; do not edit.\n";
  std::string table;
  for (const KeySpec& spec : own_keys()) {
    const Place place = place_of(spec.path);
    const bool table_note = spec.type == ValueType::table && spec.path.rfind('.') != std::string_view::npos && !spec.path.ends_with("options");
    if (table_note) {
      table = place.table + (place.table.empty() ? "" : ".") + place.key;
      out += "\n" + pad("# [" + table + "]", 44) + " # " + note(spec) + "\n";
      continue;
    }
    const bool commented = optional_table(place.table) || spec.dflt.empty() || spec.path.find('*') != std::string_view::npos;
    if (place.table != table) {
      table = place.table;
      const bool all = optional_table(table) || spec.path.find('*') != std::string_view::npos;
      out += std::string("\n") + (all ? "# " : "") + (place.list ? "[[" : "[") + table + (place.list ? "]]" : "]") + "\n";
    }
    const std::string line = (commented ? "# " : "") + place.key + " = " + sample_value(spec);
    const std::string text = note(spec);
    out += text.empty() ? line + "\n" : pad(line, 44) + " # " + text + "\n";
  }
  return out;
}

std::string reference_page() {
  std::string out =
      "# Configuration reference\n\n"
      "Generated from the key table of the daemon (`daemon/config/key_table.cpp`), which is also what the check runs on; do not edit.\n"
      "`payswitchd --check-config FILE` reports every error of a file at once; `payswitchd --print-defaults` prints a commented file.\n"
      "The keys under `options` are the plugin's own: `payswitchctl plugin help NAME`.\n\n"
      "Values: a duration is `\"100ms\"`, `\"30s\"`, `\"5min\"`, `\"12h\"` or `\"7d\"`; a size `\"64KiB\"`, `\"1MiB\"` or a number of bytes; money a string of\n"
      "**minor units** (`\"15000\"`). `\"${cred:NAME}\"` is a credential: a file listed in `[credentials]` (mode 0400), else\n"
      "`$CREDENTIALS_DIRECTORY/NAME`; it may stand where a secret or a path is expected. `\"${env:NAME}\"` is an environment variable, never\n"
      "for secrets. Relative paths start at the folder of the file. `NAME[]` is a list, `*` any name.\n";
  std::string section;
  for (const KeySpec& spec : own_keys()) {
    const std::string_view first = spec.path.substr(0, spec.path.find_first_of(".["));
    if (first != section) {
      section = std::string(first);
      out += "\n## " + section + "\n\n| key | type | default | allowed | meaning |\n|---|---|---|---|---|\n";
    }
    const std::string dflt = (spec.flags & PSW_KEY_REQUIRED) != 0 ? "required" : spec.dflt.empty() ? "" : "`" + std::string(spec.dflt) + "`";
    std::string values = allowed(spec);
    if (values.starts_with("matches ")) values = "`" + values.substr(8) + "`";
    for (std::size_t at = 0; (at = values.find('|', at)) != std::string::npos; at += 2) values.insert(at, "\\");
    out += "| `" + std::string(spec.path) + "` | " + std::string(to_string(spec.type)) + " | " + dflt + " | " + values + " | " + std::string(spec.doc) + " |\n";
  }
  return out;
}

std::string sample_options(std::string_view plugin, PluginRole role, std::span<const KeySpec> keys) {
  const bool login = role == PluginRole::login;
  std::string out = std::string(login ? "[[login]]" : "[[connector]]") + "\nname = \"" + std::string(plugin) + "\"\nplugin = \"" + std::string(plugin) + "\"\n";
  if (role == PluginRole::gateway) out += "bank = \"CODE\"\n";
  std::string table;
  out += login ? "[login.options]\n" : "[connector.options]\n";
  const std::string root = login ? "login.options" : "connector.options";
  // Keys of the options themselves come first: after the head of an inner table TOML has no way back.
  for (const bool inner : {false, true})
    for (const KeySpec& spec : keys) {
      const Place place = place_of(spec.path);
      if (inner != !place.table.empty()) continue;
      if (place.table != table) {
        table = place.table;
        out += std::string("# ") + (place.list ? "[[" : "[") + root + "." + table + (place.list ? "]]" : "]") + "\n";
      }
      const bool live = !inner && (spec.flags & PSW_KEY_REQUIRED) != 0;
      out += pad((live ? "" : "# ") + place.key + " = " + sample_value(spec), 40) + " # " + note(spec) + "\n";
    }
  return out;
}

std::string help_options(std::span<const KeySpec> keys) {
  std::string out;
  std::size_t width = 0;
  for (const KeySpec& spec : keys) width = std::max(width, spec.path.size());
  for (const KeySpec& spec : keys) {
    out += "  " + pad(std::string(spec.path), width) + "  " + pad(std::string(to_string(spec.type)), 8) + "  " + note(spec);
    if (!spec.dflt.empty()) out += " (default " + std::string(spec.dflt) + ")";
    if (!spec.unit.empty()) out += " [" + std::string(spec.unit) + "]";
    out += "\n";
  }
  return out;
}

}  // namespace payswitch::daemon::config

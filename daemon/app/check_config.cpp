#include "app/check_config.h"

#include <cstdio>
#include <memory_resource>

#include "app/exit_codes.h"
#include "base/json.h"

namespace payswitch::daemon::app {

config::LoadResult load_configuration(const Arguments& arguments, LoadedSchemas& schemas) {
  config::LoadOptions options;
  options.plugins = &schemas;
  options.plugin_directory = arguments.plugin_directory;
  return config::load_file(arguments.config, options);
}

int check_configuration(const Arguments& arguments) {
  LoadedSchemas schemas;
  const auto loaded = load_configuration(arguments, schemas);
  bool good = loaded.config.has_value();
  if (arguments.strict && !loaded.problems.empty()) good = false;
  if (arguments.json) {
    std::pmr::monotonic_buffer_resource memory;
    json::Writer out(memory, 4096);
    out.begin_object().member_boolean("ok", good).key("problems").begin_array();
    for (const auto& problem : loaded.problems) {
      out.begin_object();
      out.member("kind", problem.kind == config::ProblemKind::error ? "error" : "warning");
      out.member("file", problem.where.file).member_integer("line", problem.where.line).member_integer("column", problem.where.column);
      out.member("key", problem.path).member("text", problem.text);
      out.end_object();
    }
    out.end_array().end_object();
    std::printf("%.*s\n", static_cast<int>(out.text().size()), out.text().data());
  } else {
    std::fputs(loaded.report().c_str(), stderr);
    if (good) std::printf("%s: ok\n", arguments.config.c_str());
  }
  return good ? exit_ok : exit_config;
}

}  // namespace payswitch::daemon::app

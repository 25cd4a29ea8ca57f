#include "app/check_config.h"

#include <cstdio>
#include <initializer_list>
#include <memory_resource>

#include "app/exit_codes.h"
#include "base/json.h"
#include "config/node.h"

namespace payswitch::daemon::app {

namespace {

// Keys that are understood and have no effect yet, so that nobody believes otherwise.
void without_effect(const config::Config& config, config::Problems& problems) {
  const auto given = [&](std::initializer_list<std::string_view> path) -> const config::Node* {
    const config::Node* node = &config.effective;
    for (const auto key : path)
      if (node = node->find(key); node == nullptr) return nullptr;
    return node->where.known() && !node->from_default ? node : nullptr;
  };
  if (const auto* node = given({"listen", "public", "public_url"})) problems.warning(node->where, "listen.public.public_url", "has no effect in this version: no page needs it yet");
  if (const auto* node = given({"paths", "data"})) problems.warning(node->where, "paths.data", "has no effect in this version: nothing but the ledger keeps state");
  for (const auto& login : config.logins)
    problems.warning(login.where, "login." + login.name, "is loaded, but this version has no login pages: nobody can log in through it");
}

}  // namespace

config::LoadResult load_configuration(const Arguments& arguments, LoadedSchemas& schemas, Trust& trust) {
  config::LoadOptions options;
  options.plugins = &schemas;
  options.plugin_directory = arguments.plugin_directory;
  config::LoadResult loaded = config::load_file(arguments.config, options);
  if (!loaded.config) return loaded;
  config::Problems problems;
  trust = make_trust(*loaded.config, problems);
  without_effect(*loaded.config, problems);
  for (auto& problem : problems.sorted()) loaded.problems.push_back(std::move(problem));
  if (problems.any_error()) loaded.config.reset();
  return loaded;
}

int check_configuration(const Arguments& arguments) {
  LoadedSchemas schemas;
  Trust trust;
  const auto loaded = load_configuration(arguments, schemas, trust);
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

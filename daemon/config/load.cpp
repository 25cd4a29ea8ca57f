#include "config/load.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/file.h"
#include "config/build.h"
#include "config/reader.h"

namespace payswitch::daemon::config {
namespace {

std::string folder_of(const std::string& file) {
  std::error_code ignored;
  const std::filesystem::path absolute = std::filesystem::absolute(file, ignored);
  return ignored ? std::string(".") : absolute.parent_path().string();
}

// [credentials] and the currency codes are needed while everything else is checked, so they are read before.
CheckContext context_of(const Node& tree, const std::string& file, const Environment& environment) {
  CheckContext context;
  context.environment = &environment;
  context.base_directory = folder_of(file);
  const Reader root(&tree);
  for (const Member& member : root.at("credentials").members()) {
    if (member.value.kind != Node::Kind::string || member.value.text.empty()) continue;
    std::filesystem::path path = member.value.text;
    if (path.is_relative()) path = std::filesystem::path(context.base_directory) / path;
    context.credential_files.emplace_back(member.key, path.lexically_normal().string());
  }
  for (const Member& member : root.at("switch").at("currencies").members()) context.currencies.emplace_back(member.key, static_cast<std::int32_t>(member.value.integer));
  return context;
}

class Loader {
 public:
  Loader(const LoadOptions& options, const std::string& file) : options_(options), file_(file) {}

  LoadResult run(std::string_view text) {
    std::optional<Node> tree = parse_toml(text, file_, problems_);
    if (tree) read(*tree);
    LoadResult out;
    out.problems = problems_.sorted();
    if (tree && !problems_.any_error()) out.config = std::move(config_);
    return out;
  }

 private:
  void read(Node& tree) {
    const ProcessEnvironment process;
    const CheckContext context = context_of(tree, file_, options_.environment != nullptr ? *options_.environment : process);
    if (!tree.where.known()) tree.where = {file_, 1, 1};
    check_table(tree, "", own_keys(), context, problems_);
    config_.file = file_;
    config_.credentials = context.credential_files;
    build(tree, config_, problems_);
    if (!options_.plugin_directory.empty()) config_.paths.plugins = options_.plugin_directory;
    default_cash(tree);
    for (const auto& [code, exponent] : config_.self.currencies) exponents_.emplace_back(code, exponent);
    instances(tree.find("connector"), config_.connectors, "connector", context);
    instances(tree.find("login"), config_.logins, "login", context);
    config_.effective = std::move(tree);
    cross_check(config_, problems_);
  }

  // Without a word in the file: service, and in development owner, since there is nobody with a key (domain.md).
  void default_cash(Node& tree) {
    Node* cash = tree.find("cash");
    Node* allow = cash == nullptr ? nullptr : cash->find("allow");
    if (allow == nullptr || !allow->from_default || config_.auth.mode != AuthMode::development) return;
    allow->text = "owner";
    config_.cash.allow = CashAllow::owner;
  }

  void instances(Node* list, std::vector<Connector>& connectors, std::string_view kind, const CheckContext& context) {
    if (list == nullptr) return;
    for (std::size_t i = 0; i < connectors.size() && i < list->items.size(); ++i) {
      Connector& connector = connectors[i];
      Node& table = list->items[i];
      connector.role = PluginRole{};
      if (connector.plugin.empty() || table.kind != Node::Kind::table) continue;
      const Result<PluginSchema>& schema = schema_of(connector);
      if (!schema.ok()) {
        const Node* plugin = table.find("plugin");
        const std::string path = std::string(kind) + "." + connector.name + ".plugin";
        if (connector.required) problems_.error(plugin->where, path, schema.error().message);
        else problems_.warning(plugin->where, path, schema.error().message + " (not required: the daemon starts without it)");
        continue;
      }
      connector.role = schema->role;
      options(table, connector, schema->keys, std::string(kind) + "." + connector.name, context);
    }
  }

  void options(Node& table, Connector& connector, const psw_list& keys, const std::string& path, const CheckContext& context) {
    const Result<std::vector<KeySpec>> specs = key_specs(keys);
    if (!specs.ok()) return problems_.error(table.find("plugin")->where, path + ".plugin", specs.error().message);
    Node* options = table.find("options");
    if (options == nullptr) {
      Node made;
      made.where = table.where;
      made.from_default = true;
      table.members.push_back({"options", SourceLocation{}, std::move(made)});
      options = &table.members.back().value;
    }
    if (options->kind != Node::Kind::table) return;
    check_table(*options, path, *specs, context, problems_);
    connector.options = OptionTree(*options, path + ".options", exponents_);
  }

  const Result<PluginSchema>& schema_of(const Connector& connector) {
    const auto found = schemas_.find(connector.plugin);
    if (found != schemas_.end()) return found->second;
    Result<PluginSchema> schema = options_.plugins == nullptr ? Result<PluginSchema>(Error{"no plugin can be looked at here"})
                                                              : options_.plugins->schema({connector.plugin, config_.paths.plugins, connector.sha256});
    return schemas_.emplace(connector.plugin, std::move(schema)).first->second;
  }

  const LoadOptions& options_;
  std::string file_;
  Problems problems_;
  Config config_;
  std::vector<std::pair<std::string, std::int32_t>> exponents_;
  std::map<std::string, Result<PluginSchema>> schemas_;
};

}  // namespace

LoadResult load_text(std::string_view toml, const std::string& name, const LoadOptions& options) { return Loader(options, name).run(toml); }

LoadResult load_file(const std::string& path, const LoadOptions& options) {
  Result<std::string> text = read_file(path, file_bytes_max);
  if (text.ok()) return load_text(*text, path, options);
  LoadResult out;
  out.problems.push_back({{path, 0, 0}, "", text.error().message, ProblemKind::error});
  return out;
}

std::string LoadResult::report() const {
  std::string out;
  for (const Problem& problem : problems) out += problem.to_string() + "\n";
  return out;
}

}  // namespace payswitch::daemon::config

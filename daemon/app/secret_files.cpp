#include "app/secret_files.h"

#include <payswitch/ids.h>
#include <payswitch/str.h>

#include <algorithm>
#include <cstdio>
#include <new>

#include "app/messages.h"
#include "config/credential.h"

namespace payswitch::daemon::app {

SecretFiles::SecretFiles(std::vector<std::pair<std::string, std::string>> files, Logger& logger) : logger_(logger) {
  context_.environment = &environment_;
  context_.credential_files = std::move(files);
}

const std::string* SecretFiles::secret(std::string_view connector, std::string_view name) noexcept {
  // A name, not a path: nothing outside the listed files and systemd's directory can be named.
  if (name.empty() || name.find('/') != std::string_view::npos || name.front() == '.') return nullptr;
  try {
    const std::lock_guard guard(mutex_);
    if (const auto found = known_.find(name); found != known_.end()) return &found->second.reveal();
    const std::string wanted(name);
    auto path = config::credential_path(wanted, context_);
    if (path) {
      auto content = config::read_credential(*path, wanted, context_);
      if (content) return &known_.emplace(wanted, Secret<std::string>(std::move(*content))).first->second.reveal();
      path = content.error();
    }
    logger_.write(secret_absent, {{"connector", connector}, {"name", name}, {"reason", path.error().message}});
  } catch (const std::bad_alloc&) {
    // As if it were not there: the plugin refuses to be configured.
  }
  return nullptr;
}

void TraceLog::span(std::string_view connector, const psw_span& span) noexcept {
  if (!logger_.enabled(Severity::debug)) return;
  char trace[id_hex_size], id[17], parent[17];
  write_hex(span.trace_id, trace);
  std::snprintf(id, sizeof id, "%016llx", static_cast<unsigned long long>(span.span_id));
  std::snprintf(parent, sizeof parent, "%016llx", static_cast<unsigned long long>(span.parent_id));
  const std::int64_t micros = span.end_ns > span.start_ns ? static_cast<std::int64_t>((span.end_ns - span.start_ns) / 1000) : 0;
  logger_.write(span_ended, {{"trace_id", std::string_view(trace, sizeof trace)}, {"span_id", std::string_view(id, 16)}, {"parent_id", std::string_view(parent, 16)},
                             {"connector", connector}, {"name", view(span.name)}, {"micros", micros}, {"code", span.code}});
}

}  // namespace payswitch::daemon::app

// psw.secrets/1: credentials by name, from [credentials] and systemd's directory.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/secret.h"
#include "config/schema.h"
#include "plugin_host/services.h"

namespace payswitch::daemon::app {

class SecretFiles final : public plugin_host::SecretSource {
 public:
  // `files`: name and path, as the configuration lists them.
  SecretFiles(std::vector<std::pair<std::string, std::string>> files, Logger& logger);
  // Read once and kept, since the answer stays good until the instance ends. Any thread.
  const std::string* secret(std::string_view connector, std::string_view name) noexcept override;

 private:
  config::ProcessEnvironment environment_;
  config::CheckContext context_;
  Logger& logger_;
  std::mutex mutex_;
  std::map<std::string, Secret<std::string>, std::less<>> known_;
};

// psw.trace/1: finished spans, in the log at level debug.
class TraceLog final : public plugin_host::TraceSink {
 public:
  explicit TraceLog(Logger& logger) : logger_(logger) {}
  void span(std::string_view connector, const psw_span& span) noexcept override;

 private:
  Logger& logger_;
};

}  // namespace payswitch::daemon::app

#include "config/credential.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/file.h"

namespace payswitch::daemon::config {
namespace {

constexpr std::string_view directory_variable = "CREDENTIALS_DIRECTORY";

bool plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && name.front() != '.' && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.';
  });
}

const std::pair<std::string, std::string>* listed(const std::string& name, const CheckContext& context) {
  for (const auto& entry : context.credential_files)
    if (entry.first == name) return &entry;
  return nullptr;
}

std::string mode_text(mode_t mode) {
  std::string out = "0000";
  for (int i = 0; i < 3; ++i) out[static_cast<std::size_t>(3 - i)] = static_cast<char>('0' + ((mode >> (3 * i)) & 7));
  return out;
}

}  // namespace

bool credential_name(std::string_view text, std::string& name) {
  if (!text.starts_with("${cred:") || !text.ends_with("}")) return false;
  name = std::string(text.substr(7, text.size() - 8));
  return name.find('}') == std::string::npos;
}

Result<std::string> credential_path(const std::string& name, const CheckContext& context) {
  if (const auto* entry = listed(name, context)) return entry->second;
  if (!plain_name(name)) return Error{"\"" + name + "\" is no name of a credential (letters, digits, - _ .)"};
  std::string directory;
  if (context.environment == nullptr || !context.environment->variable(directory_variable, directory) || directory.empty())
    return Error{"credential \"" + name + "\" is not listed in [credentials], and $CREDENTIALS_DIRECTORY is not set (systemd: LoadCredential=" + name + ":…)"};
  return directory + "/" + name;
}

namespace {

Result<std::string> read_private(const std::string& path, const std::string& what, mode_t open_bits) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return Error{what + std::strerror(errno)};
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return Error{what + std::strerror(errno)};
  if (!S_ISREG(status.st_mode)) return Error{what + "not a regular file"};
  if ((status.st_mode & open_bits) != 0)
    return Error{what + "mode " + mode_text(status.st_mode) + " lets others read it; make it 0400 (chmod 0400)"};
  Result<std::string> content = read_file(path, credential_bytes_max);
  if (!content.ok()) return Error{what + content.error().message};
  if (content->ends_with("\n")) content->pop_back();
  if (content->empty()) return Error{what + "empty"};
  return content;
}

}  // namespace

Result<std::string> read_credential(const std::string& path, const std::string& name, const CheckContext& context) {
  return read_private(path, "credential \"" + name + "\": " + path + ": ", listed(name, context) != nullptr ? 0077 : 0007);
}

Result<std::string> secret_content(const std::string& text, const CheckContext& context) {
  std::string name;
  if (credential_name(text, name)) {
    Result<std::string> file = credential_path(name, context);
    if (!file.ok()) return file;
    return read_credential(*file, name, context);
  }
  if (text.starts_with("file:/")) return read_private(text.substr(5), text.substr(5) + ": ", 0077);
  return Error{"a secret is never written in the file or taken from the environment: write \"${cred:NAME}\" or \"file:/…\""};
}

Result<std::string> expand_variables(std::string_view text, const CheckContext& context) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (text.substr(i, 3) == "$${") {
      out += "${";
      i += 3;
      continue;
    }
    if (text.substr(i, 2) != "${") {
      out += text[i++];
      continue;
    }
    const auto end = text.find('}', i);
    if (end == std::string_view::npos) return Error{"\"${\" without \"}\" (write $${ for the characters themselves)"};
    const std::string_view inside = text.substr(i + 2, end - i - 2);
    if (inside.starts_with("cred:")) return Error{"a credential may stand only where a secret or a path is expected, and alone"};
    if (!inside.starts_with("env:")) return Error{"\"${" + std::string(inside) + "}\" is neither ${env:NAME} nor ${cred:NAME}"};
    std::string value;
    if (context.environment == nullptr || !context.environment->variable(inside.substr(4), value))
      return Error{"environment variable " + std::string(inside.substr(4)) + " is not set"};
    out += value;
    i = end + 1;
  }
  return out;
}

}  // namespace payswitch::daemon::config

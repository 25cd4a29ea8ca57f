#include "ctl/evidence.h"

#include <payswitch/sha256.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/text.h"

namespace payswitch::daemon::ctl {

std::string evidence_of(std::string_view name, std::string_view content) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string hash;
  for (const auto byte : sha256(content)) {
    hash += digits[byte >> 4];
    hash += digits[byte & 15];
  }
  std::string out = std::string(name.substr(0, 200)) + ", " + std::to_string(content.size()) + " bytes, sha256 " + hash;
  const bool is_text = content.size() <= evidence_text_bytes_max && is_utf8(content) && content.find('\0') == std::string_view::npos;
  if (is_text) out.append("\n").append(content);
  return out;
}

std::string attach_files(CommandLine& line) {
  for (const config::CommandArgument& argument : line.command->arguments) {
    const auto found = line.arguments.find(argument.name);
    if (argument.kind != config::ArgumentKind::file || found == line.arguments.end()) continue;
    const std::filesystem::path path(found->second);
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    if (error) return "--" + std::string(argument.name) + ": " + found->second + " cannot be read: " + error.message();
    if (size > evidence_file_bytes_max) return "--" + std::string(argument.name) + ": " + found->second + " is larger than 256 MiB";
    std::ifstream in(path, std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (!in.is_open() || in.bad() || content.size() != size) return "--" + std::string(argument.name) + ": " + found->second + " cannot be read";
    if (content.empty()) return "--" + std::string(argument.name) + ": " + found->second + " is empty: it shows nothing";
    const std::string name = path.filename().string();
    found->second = evidence_of(is_utf8(name) ? name : "(a name that is no text)", content);
  }
  return {};
}

}  // namespace payswitch::daemon::ctl

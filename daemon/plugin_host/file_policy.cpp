#include "plugin_host/file_policy.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "base/file.h"

namespace payswitch::daemon::plugin_host {
namespace {

Error refused(const std::string& file, const std::string& what, const std::string& remedy) {
  return Error{"file " + file + ": step file: " + what + "; " + remedy};
}

std::string real_path(const std::string& path) {
  std::array<char, PATH_MAX> buffer;
  return ::realpath(path.c_str(), buffer.data()) == nullptr ? std::string() : std::string(buffer.data());
}

std::string digest(std::string_view bytes) {
  std::array<unsigned char, 32> hash{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), hash.data(), &size, EVP_sha256(), nullptr) != 1) return {};
  std::string text;
  for (const unsigned char byte : hash) {
    constexpr char digits[] = "0123456789abcdef";
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

bool same_hex(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char low = b[i] >= 'A' && b[i] <= 'F' ? static_cast<char>(b[i] - 'A' + 'a') : b[i];
    if (a[i] != low) return false;
  }
  return true;
}

// Empty: nobody but root and us can change it.
std::string who_else_writes(const struct stat& s) {
  if (s.st_uid != 0 && s.st_uid != ::geteuid()) return "belongs to uid " + std::to_string(s.st_uid) + ", neither root nor the service user";
  if ((s.st_mode & S_IWOTH) != 0) return "is world-writable";
  if ((s.st_mode & S_IWGRP) != 0) return "is group-writable";
  return {};
}

}  // namespace

Result<JudgedFile> judge_file(const std::string& file, const std::string& directory, std::string_view sha256, bool allow_outside) {
  JudgedFile judged;
  judged.path = real_path(file);
  if (judged.path.empty()) {
    const bool absent = errno == ENOENT;
    return refused(file, absent ? "there is no such file" : std::strerror(errno), absent ? "install the plugin's package or correct the name" : "make it readable for the service user");
  }
  if (!allow_outside) {
    const std::string home = real_path(directory);
    if (home.empty()) return refused(file, "the plugin directory " + directory + " cannot be found", "correct [paths] plugins");
    if (!judged.path.starts_with(home + "/")) return refused(file, "it is a symbolic link to " + judged.path + ", outside of the plugin directory", "copy the file into " + home);
    struct stat at_home{};
    if (::stat(home.c_str(), &at_home) != 0) return refused(file, "the plugin directory cannot be examined", "make it readable");
    if (const std::string who = who_else_writes(at_home); !who.empty()) return refused(file, "the plugin directory " + home + " " + who, "chown root:root and chmod 755 it");
  }
  const int fd = ::open(judged.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  if (fd < 0) return refused(file, std::strerror(errno), "make it readable for the service user");
  const Fd owner(fd);
  struct stat s{};
  if (::fstat(fd, &s) != 0) return refused(file, std::strerror(errno), "check the file system");
  if (!S_ISREG(s.st_mode)) return refused(file, "it is no regular file", "install the plugin's .so there");
  if (!allow_outside) {
    if (const std::string who = who_else_writes(s); !who.empty()) return refused(file, "it " + who, "chown root:root and chmod 644 it");
  }
  if (s.st_size == 0) return refused(file, "it is empty", "install it again");
  if (static_cast<std::size_t>(s.st_size) > plugin_bytes_max) return refused(file, "it is larger than 256 MiB", "strip it");
  judged.bytes.resize(static_cast<std::size_t>(s.st_size));
  std::size_t got = 0;
  while (got < judged.bytes.size()) {
    const ssize_t n = ::read(fd, judged.bytes.data() + got, judged.bytes.size() - got);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return refused(file, "it could not be read whole", "install it again");
    got += static_cast<std::size_t>(n);
  }
  judged.sha256 = digest(judged.bytes);
  if (!sha256.empty() && !same_hex(judged.sha256, sha256)) {
    return refused(file, "its sha256 is " + judged.sha256 + ", pinned is " + std::string(sha256), "install the pinned version or pin the new one");
  }
  return judged;
}

}  // namespace payswitch::daemon::plugin_host

#include "support/daemon_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

namespace payswitch::test {
namespace {

void pause_ms(unsigned ms) { usleep(ms * 1000); }

int printed(const std::string& line, std::string& output) {
  output.clear();
  FILE* const pipe = popen(line.c_str(), "r");
  if (pipe == nullptr) return -1;
  char bytes[4096];
  for (std::size_t n = 0; (n = fread(bytes, 1, sizeof bytes, pipe)) > 0;) output.append(bytes, n);
  const int status = pclose(pipe);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

std::uint16_t DaemonProcess::free_port() {
  constexpr std::uint16_t first = 10'000, last = 32'000;
  static std::mt19937 random{std::random_device{}()};
  for (;;) {
    const auto port = static_cast<std::uint16_t>(first + random() % (last - first));
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const bool free = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    if (free) return port;
  }
}

std::string DaemonProcess::read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

DaemonProcess::DaemonProcess(DaemonOptions options, DaemonSurroundings surroundings) : options_(std::move(options)), around_(std::move(surroundings)) {
  char name[] = "/tmp/payswitch-test-XXXXXX";
  if (!mkdtemp(name)) std::abort();
  folder_ = name;
  port_ = free_port();
  do admin_port_ = free_port();
  while (admin_port_ == port_);
  for (const auto& plugin : around_.plugins) {
    std::filesystem::create_directory(plugin_folder());
    for (const char* from : {PSW_PLUGIN_DIR, PSW_FIXTURE_DIR})
      if (const std::string file = std::string(from) + "/" + plugin + ".so"; std::filesystem::exists(file)) std::filesystem::copy_file(file, plugin_folder() + "/" + plugin + ".so");
  }
  std::ofstream(config_file()) << "[switch]\nbank = \"" << options_.bank << "\"\nprefix = \"" << options_.bank << "-\"\ncurrencies = { KRW = 0, USD = 2 }\nledger = \"books\"\n"
                               << "[listen.public]\naddress = \"127.0.0.1:" << port_ << "\"\n[listen.admin]\naddress = \"127.0.0.1:" << admin_port_ << "\"\n"
                               << "[auth]\nmode = \"" << options_.auth_mode << "\"\n[cash]\nallow = \"" << options_.cash_allow << "\"\n"
                               << "[paths]\nplugins = \"" << plugin_folder() << "\"\n[control]\nsocket = \"" << control_socket() << "\"\n" << options_.control << "\n"
                               << "[[connector]]\nname = \"books\"\nplugin = \"local_ledger\"\noptions = { directory = \"" << folder_ << "/books\" }\n"
                               << options_.extra << "\n";
}

DaemonProcess::~DaemonProcess() {
  if (pid_ > 0) kill();
  if (!std::getenv("PSW_KEEP")) {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
}

std::string DaemonProcess::plugin_folder() const { return around_.plugins.empty() ? std::string(PSW_PLUGIN_DIR) : folder_ + "/plugins"; }

int DaemonProcess::ctl(const std::string& arguments, std::string& output) const {
  return printed(std::string(PSW_BIN_DIR) + "/payswitchctl --socket " + control_socket() + " " + arguments + " 2>&1", output);
}

int DaemonProcess::check_config(const std::string& options, std::string& output) const {
  return printed(std::string(PSW_BIN_DIR) + "/payswitchd --config " + config_file() + " --check-config " + options + " 2>&1", output);
}

void DaemonProcess::launch() {
  const std::string program = std::string(PSW_BIN_DIR) + "/payswitchd";
  std::vector<std::string> words;
  std::string rest = options_.wrapper;
  while (!rest.empty()) {
    const auto space = rest.find(' ');
    words.push_back(rest.substr(0, space));
    rest = space == std::string::npos ? "" : rest.substr(space + 1);
  }
  for (const std::string& word : {program, std::string("--config"), config_file()}) words.push_back(word);
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    const int log_fd = open((folder_ + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    dup2(log_fd, STDERR_FILENO);
    dup2(log_fd, STDOUT_FILENO);
    if (!options_.environment.empty()) putenv(options_.environment.data());
    for (auto& one : around_.environment) putenv(one.data());
    execvp(argv[0], argv.data());
    _exit(127);
  }
}

bool DaemonProcess::start() {
  launch();
  for (int i = 0; i < 1500; ++i) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      std::fprintf(stderr, "payswitchd ended with status %d:\n%s\n", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), log().c_str());
      pid_ = -1;
      return false;
    }
    HttpClient probe(admin_port_, 1000);
    if (probe.get("/readyz").status == 200) {
      // The public listener is the last to open.
      if (around_.public_tls) {
        HttpClient knock(port_, 1000);
        if (knock.send_raw("\n")) return true;
      }
      HttpClient api(port_, 1000);
      if (api.get("/v1/me").status != 0) return true;
    }
    pause_ms(20);
  }
  std::fprintf(stderr, "payswitchd was not ready in time:\n%s\n", log().c_str());
  return false;
}

void DaemonProcess::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

int DaemonProcess::wait_for_exit(int seconds) {
  for (int i = 0; i < seconds * 100; ++i) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    pause_ms(10);
  }
  return -1000;
}

int DaemonProcess::terminate() {
  if (pid_ <= 0) return -1000;
  ::kill(pid_, SIGTERM);
  return wait_for_exit(40);
}

std::string DaemonProcess::log() const { return read_file(folder_ + "/log"); }

std::string DaemonProcess::control(std::string_view request) const {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s", control_socket().c_str());
  std::string answer;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    const std::string line = std::string(request) + "\n";
    if (write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size())) {
      char c = 0;
      while (read(fd, &c, 1) == 1 && c != '\n') answer += c;
    }
  }
  close(fd);
  return answer;
}

}  // namespace payswitch::test

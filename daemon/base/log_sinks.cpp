#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

namespace payswitch::daemon {
namespace {

constexpr std::size_t line_bytes_max = 4096;
constexpr std::size_t buffer_bytes_max = 1024 * 1024;

// Lines wait in one of two buffers while the thread writes the other.
class JsonSink final : public LogSink {
 public:
  explicit JsonSink(int fd) : state_(std::make_shared<State>()), thread_([state = state_, fd] { run(*state, fd); }) {}
  ~JsonSink() override {
    flush();
    bool writing = false;
    {
      const std::lock_guard lock(state_->mutex);
      state_->stopping = true;
      writing = state_->writing;
    }
    state_->changed.notify_all();
    // After a second of flush() the reader of the pipe sleeps for ever, and the process is about to end: it must not wait for it.
    if (writing) thread_.detach();
    else thread_.join();
  }

  void write(const LogRecord& record) noexcept override {
    std::array<char, line_bytes_max> line;
    std::size_t size = render_json_line(record, std::span(line).first(line.size() - 1));
    line[size++] = '\n';
    {
      const std::lock_guard lock(state_->mutex);
      if (state_->waiting.size() + size > buffer_bytes_max) {
        state_->dropped.fetch_add(1, std::memory_order_relaxed);
        return;
      }
      state_->waiting.append(line.data(), size);
    }
    state_->changed.notify_all();
  }

  void flush() noexcept override {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait_for(lock, std::chrono::seconds(1), [this] { return state_->waiting.empty() && !state_->writing; });
  }

  std::uint64_t dropped() const noexcept override { return state_->dropped.load(std::memory_order_relaxed); }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::string waiting;
    bool writing = false;
    bool stopping = false;
    std::atomic<std::uint64_t> dropped{0};
  };

  static void run(State& state, int fd) {
    std::string out;
    std::unique_lock lock(state.mutex);
    for (;;) {
      state.changed.wait(lock, [&state] { return state.stopping || !state.waiting.empty(); });
      if (state.waiting.empty()) return;
      out.swap(state.waiting);
      state.writing = true;
      lock.unlock();
      if (!write_all(fd, out).ok()) state.dropped.fetch_add(1, std::memory_order_relaxed);
      out.clear();
      lock.lock();
      state.writing = false;
      state.changed.notify_all();
    }
  }

  std::shared_ptr<State> state_;  // shared with the thread, which may outlive the sink (see the destructor)
  std::thread thread_;
};

// One datagram a line, fields as journald wants them: NAME=value, or the long form when the value contains a newline.
class JournaldSink final : public LogSink {
 public:
  explicit JournaldSink(Fd socket) : socket_(std::move(socket)) {}

  void write(const LogRecord& record) noexcept override {
    Datagram datagram;
    datagram.field("MESSAGE", record.text);
    char digits[24];
    datagram.field("PRIORITY", {digits, format_decimal(static_cast<std::uint64_t>(record.severity), digits)});
    datagram.field("PSW_ID", record.id);
    datagram.field("SYSLOG_IDENTIFIER", "payswitchd");
    for (const LogField& field : record.fields) {
      switch (field.kind) {
        case LogField::Kind::text: datagram.field(field.key, field.text); break;
        case LogField::Kind::signed_integer: datagram.field(field.key, {digits, format_decimal(static_cast<std::int64_t>(field.number), digits)}); break;
        case LogField::Kind::unsigned_integer: datagram.field(field.key, {digits, format_decimal(field.number, digits)}); break;
        case LogField::Kind::boolean: datagram.field(field.key, field.number != 0 ? "true" : "false"); break;
      }
    }
    if (::send(socket_.get(), datagram.bytes.data(), datagram.size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) dropped_.fetch_add(1, std::memory_order_relaxed);
  }

  std::uint64_t dropped() const noexcept override { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct Datagram {
    std::array<char, 2 * line_bytes_max> bytes;
    std::size_t size = 0;

    // A field that does not fit is left out whole.
    void field(std::string_view key, std::string_view value) noexcept {
      value = value.substr(0, 1024);
      if (size + key.size() + value.size() + 12 > bytes.size()) return;
      for (const char c : key) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        bytes[size++] = !letter ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      }
      if (value.find('\n') == std::string_view::npos) {
        bytes[size++] = '=';
      } else {
        bytes[size++] = '\n';
        for (unsigned i = 0; i < 8; ++i) bytes[size++] = static_cast<char>(static_cast<std::uint64_t>(value.size()) >> (8 * i) & 255);
      }
      std::memcpy(bytes.data() + size, value.data(), value.size());
      size += value.size();
      bytes[size++] = '\n';
    }
  };

  Fd socket_;
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace

std::unique_ptr<LogSink> make_json_sink(int fd) { return std::make_unique<JsonSink>(fd); }

std::unique_ptr<LogSink> make_journald_sink(const char* socket_path) {
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (!socket || std::strlen(socket_path) >= sizeof address.sun_path) return nullptr;
  std::memcpy(address.sun_path, socket_path, std::strlen(socket_path));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return nullptr;
  return std::make_unique<JournaldSink>(std::move(socket));
}

std::unique_ptr<LogSink> make_default_sink(const char* journal_stream) {
  struct stat status{};
  if (journal_stream != nullptr && ::fstat(STDERR_FILENO, &status) == 0) {
    // "device:inode" of the stream that systemd connected; anything else means that stderr was redirected since.
    const std::string ours = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
    if (ours == journal_stream) {
      if (auto sink = make_journald_sink()) return sink;
    }
  }
  return make_json_sink(STDERR_FILENO);
}

}  // namespace payswitch::daemon

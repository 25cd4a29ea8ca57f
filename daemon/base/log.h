// Structured log lines with stable ids. A line is a Message (declared once, in <room>/messages.h) and a few named values; secrets,
// tokens and e-mail addresses never become values (Secret<T> does not convert).
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace payswitch::daemon {

// The numbers are syslog's.
enum class Severity : std::int32_t { critical = 2, error = 3, warning = 4, notice = 5, info = 6, debug = 7 };
std::string_view to_string(Severity severity) noexcept;
// "critical" … "debug"; false for any other word.
bool severity_from_string(std::string_view word, Severity& out) noexcept;

// What `payswitchctl explain ID` prints. Constants only: the logger keeps no copy.
struct Message {
  const char* id;           // "PSW-NET-001"
  Severity severity;
  const char* text;         // one short sentence without values
  const char* explanation;  // what it means and what to do
};

// One value of a line. The key is lower snake_case ("transfer_id"); journald gets it in capitals. Views are borrowed for the call.
struct LogField {
  enum class Kind : std::uint8_t { text, signed_integer, unsigned_integer, boolean };

  LogField(std::string_view field_key, std::string_view value) noexcept : key(field_key), text(value), kind(Kind::text) {}
  LogField(std::string_view field_key, const char* value) noexcept : key(field_key), text(value), kind(Kind::text) {}
  LogField(std::string_view field_key, const std::string& value) noexcept : key(field_key), text(value), kind(Kind::text) {}
  LogField(std::string_view field_key, bool value) noexcept : key(field_key), number(value ? 1 : 0), kind(Kind::boolean) {}
  template <std::signed_integral I>
  LogField(std::string_view field_key, I value) noexcept : key(field_key), number(static_cast<std::uint64_t>(static_cast<std::int64_t>(value))), kind(Kind::signed_integer) {}
  template <std::unsigned_integral I>
    requires(!std::same_as<I, bool>)
  LogField(std::string_view field_key, I value) noexcept : key(field_key), number(value), kind(Kind::unsigned_integer) {}

  std::string_view key;
  std::string_view text;
  std::uint64_t number = 0;  // the bits of a signed one
  Kind kind;
};

struct LogRecord {
  std::string_view id;
  Severity severity = Severity::info;
  std::string_view text;
  std::span<const LogField> fields;
  std::int64_t wall_ms = 0;  // filled by the Logger
};

// Where lines go. write() is called from any thread and never waits for a reader: what does not fit is dropped and counted.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void write(const LogRecord& record) noexcept = 0;
  // Waits until everything accepted so far is out, at most one second. Shutdown only.
  virtual void flush() noexcept {}
  virtual std::uint64_t dropped() const noexcept { return 0; }
};

// One JSON object a line, for stderr or a file. Lines go through a bounded buffer (1 MiB) to a thread of its own, so that a full
// pipe holds nobody up. The descriptor is borrowed.
std::unique_ptr<LogSink> make_json_sink(int fd);
// The native protocol of journald, fields included; nullptr if the socket cannot be used.
std::unique_ptr<LogSink> make_journald_sink(const char* socket_path = "/run/systemd/journal/socket");
// journald when stderr is the stream that JOURNAL_STREAM (its value, or nullptr) names, else JSON lines on stderr.
std::unique_ptr<LogSink> make_default_sink(const char* journal_stream);

// Keeps the lines, rendered as JSON, for tests.
class MemorySink final : public LogSink {
 public:
  void write(const LogRecord& record) noexcept override;
  std::vector<std::string> lines() const;
  // How many lines carry this message id.
  std::size_t count(std::string_view id) const;
  bool contains(std::string_view text) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

// Any thread.
class Logger {
 public:
  Logger(const Clock& clock, std::unique_ptr<LogSink> sink, Severity level = Severity::info);

  void write(const Message& message, std::initializer_list<LogField> fields = {}) noexcept { write(message, std::span(fields.begin(), fields.size())); }
  void write(const Message& message, std::span<const LogField> fields) noexcept;
  // For lines whose message is not a constant of ours (a plugin's); wall_ms is filled in.
  void write(LogRecord record) noexcept;

  bool enabled(Severity severity) const noexcept { return static_cast<std::int32_t>(severity) <= level_.load(std::memory_order_relaxed); }
  Severity level() const noexcept { return static_cast<Severity>(level_.load(std::memory_order_relaxed)); }
  void set_level(Severity level) noexcept { level_.store(static_cast<std::int32_t>(level), std::memory_order_relaxed); }
  void flush() noexcept { sink_->flush(); }
  std::uint64_t dropped() const noexcept { return sink_->dropped(); }
  LogSink& sink() noexcept { return *sink_; }

 private:
  const Clock& clock_;
  std::unique_ptr<LogSink> sink_;
  std::atomic<std::int32_t> level_;
};

// Lets one line in a while through, so that a flood of the same failure cannot become a flood of lines. Any thread.
class LogThrottle {
 public:
  explicit LogThrottle(std::uint64_t interval_ns = 1'000'000'000) : interval_ns_(interval_ns) {}
  // True if this line may be written; `suppressed` is how many were not since the last one that was.
  bool allow(std::uint64_t now_ns, std::uint64_t& suppressed) noexcept;

 private:
  std::uint64_t interval_ns_;
  std::atomic<std::uint64_t> next_ns_{0};
  std::atomic<std::uint64_t> suppressed_{0};
};

// Renders a record as one JSON line without the newline, cut to the buffer (the line stays valid JSON). Returns the bytes used.
std::size_t render_json_line(const LogRecord& record, std::span<char> out) noexcept;

}  // namespace payswitch::daemon

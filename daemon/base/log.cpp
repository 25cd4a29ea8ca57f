#include "base/log.h"

#include <array>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "base/json.h"
#include "base/text.h"

namespace payswitch::daemon {
namespace {

constexpr std::size_t line_bytes_max = 4096;
constexpr std::size_t value_bytes_max = 1024;

// "2026-01-31T09:15:02.123Z"
std::size_t format_time(std::int64_t wall_ms, std::span<char> out) noexcept {
  const std::time_t seconds = static_cast<std::time_t>(wall_ms / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::size_t size = std::strftime(out.data(), out.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  const auto ms = static_cast<unsigned>(wall_ms % 1000);
  size += static_cast<std::size_t>(std::snprintf(out.data() + size, out.size() - size, ".%03uZ", ms));
  return size;
}

std::string_view cut(std::string_view value) noexcept { return value.substr(0, value_bytes_max); }

void write_field(json::Writer& writer, const LogField& field) noexcept {
  writer.key(field.key);
  switch (field.kind) {
    case LogField::Kind::text: writer.string(cut(field.text)); break;
    case LogField::Kind::signed_integer: writer.integer(static_cast<std::int64_t>(field.number)); break;
    case LogField::Kind::unsigned_integer: writer.unsigned_integer(field.number); break;
    case LogField::Kind::boolean: writer.boolean(field.number != 0); break;
  }
}

}  // namespace

std::string_view to_string(Severity severity) noexcept {
  switch (severity) {
    case Severity::critical: return "critical";
    case Severity::error: return "error";
    case Severity::warning: return "warning";
    case Severity::notice: return "notice";
    case Severity::info: return "info";
    case Severity::debug: return "debug";
  }
  return "info";
}

bool severity_from_string(std::string_view word, Severity& out) noexcept {
  for (const Severity severity : {Severity::critical, Severity::error, Severity::warning, Severity::notice, Severity::info, Severity::debug}) {
    if (to_string(severity) == word) {
      out = severity;
      return true;
    }
  }
  return false;
}

std::size_t render_json_line(const LogRecord& record, std::span<char> out) noexcept {
  std::array<char, 40> time;
  const std::size_t time_size = format_time(record.wall_ms, time);
  // A line that does not fit loses its last values; the mark says so.
  for (std::size_t kept = record.fields.size();; --kept) {
    json::Writer writer(out);
    writer.begin_object().member("time", {time.data(), time_size}).member("id", record.id).member("severity", to_string(record.severity));
    writer.member("text", cut(record.text));
    for (const LogField& field : record.fields.first(kept)) write_field(writer, field);
    if (kept < record.fields.size()) writer.member_boolean("cut", true);
    writer.end_object();
    if (writer.ok()) return writer.text().size();
    if (kept == 0) return 0;
  }
}

Logger::Logger(const Clock& clock, std::unique_ptr<LogSink> sink, Severity level)
    : clock_(clock), sink_(std::move(sink)), level_(static_cast<std::int32_t>(level)) {}

void Logger::write(const Message& message, std::span<const LogField> fields) noexcept {
  write(LogRecord{message.id, message.severity, message.text, fields, 0});
}

void Logger::write(LogRecord record) noexcept {
  if (!enabled(record.severity)) return;
  record.wall_ms = clock_.wall_ms();
  sink_->write(record);
}

bool LogThrottle::allow(std::uint64_t now_ns, std::uint64_t& suppressed) noexcept {
  std::uint64_t next = next_ns_.load(std::memory_order_relaxed);
  if (now_ns < next || !next_ns_.compare_exchange_strong(next, now_ns + interval_ns_, std::memory_order_relaxed)) {
    suppressed_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  suppressed = suppressed_.exchange(0, std::memory_order_relaxed);
  return true;
}

void MemorySink::write(const LogRecord& record) noexcept {
  std::array<char, line_bytes_max> line;
  const std::size_t size = render_json_line(record, line);
  const std::lock_guard lock(mutex_);
  lines_.emplace_back(line.data(), size);
}

std::vector<std::string> MemorySink::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

std::size_t MemorySink::count(std::string_view id) const {
  const std::string member = "\"id\":\"" + std::string(id) + "\"";
  std::size_t found = 0;
  for (const std::string& line : lines()) found += line.find(member) != std::string::npos ? 1U : 0U;
  return found;
}

bool MemorySink::contains(std::string_view text) const {
  for (const std::string& line : lines()) {
    if (line.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace payswitch::daemon

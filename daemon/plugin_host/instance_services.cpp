#include "plugin_host/instance_services.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "plugin_host/connector.h"
#include "plugin_host/messages.h"
#include "plugin_host/reply_copy.h"
#include "plugin_host/service_tables.h"
#include "plugin_host/utf8.h"

// What a plugin holds as its configuration: options and the host's own facts about the instance. Never changes; lives as long as the
// instance, so every string it has given out stays good.
struct psw_config {
  std::shared_ptr<const payswitch::daemon::plugin_host::Options> options;  // shared with config/ and a later reload
  const payswitch::daemon::plugin_host::ConnectorSettings* settings = nullptr;
  mutable std::mutex mutex;
  mutable std::map<std::string, std::vector<psw_str>> tables;  // names given out, by path
};

namespace payswitch::daemon::plugin_host {
namespace {

using config::ValueType;

Connector& of(void* ctx) noexcept { return *static_cast<Connector*>(ctx); }
psw_str view(std::string_view text) noexcept { return psw_str{text.data(), text.size()}; }

std::int32_t refuse(psw_error* error, std::int32_t code, const char* path, const char* why) noexcept {
  if (error != nullptr && error->size >= sizeof(psw_error)) {
    error->code = code;
    std::snprintf(error->key, sizeof error->key, "%s", path);
    std::snprintf(error->text, sizeof error->text, "%s", why);
  }
  return code;
}

template <class T>
void give(void* out, const T& value) noexcept {
  std::memcpy(out, &value, sizeof value);
}

bool is_metric_name(std::string_view name) {
  return !name.empty() && name[0] >= 'a' && name[0] <= 'z' && std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}
bool is_text(ValueType type) {
  return type == ValueType::string || type == ValueType::url || type == ValueType::path || type == ValueType::enumeration || type == ValueType::secret;
}
bool is_number(ValueType type) {
  return type == ValueType::integer || type == ValueType::duration || type == ValueType::size || type == ValueType::boolean;
}

std::int32_t get_value(const psw_config& config, const char* path, ValueType asked, void* out, psw_error* error) {
  const std::string_view name(path);
  if (name.starts_with('@')) {
    const ConnectorSettings& s = *config.settings;
    const std::string* const fact = name == "@name" ? &s.name : name == "@bank" ? &s.bank : name == "@our_bank" ? &s.our_bank : name == "@tls" ? &s.tls_profile : nullptr;
    if (fact == nullptr || asked != ValueType::string) return refuse(error, PSW_INVALID, path, "there is no such fact");
    if (fact->empty()) return refuse(error, PSW_ABSENT, path, "this instance has none");
    give(out, view(*fact));
    return PSW_OK;
  }
  const auto found = config.options ? config.options->find(name) : std::nullopt;
  if (asked == ValueType::table) {
    if (found && found->type != ValueType::table) return refuse(error, PSW_INVALID, path, "is no table");
    std::vector<psw_str> names;
    if (config.options) {
      for (const std::string_view text : config.options->names(name)) names.push_back(view(text));
    }
    if (names.empty()) {
      give(out, psw_list{nullptr, 0, sizeof(psw_str)});
      return PSW_OK;
    }
    // Asked again and again it is the same list: what is kept is bounded by the configuration.
    const std::lock_guard guard(config.mutex);
    const std::vector<psw_str>& kept = config.tables.try_emplace(std::string(name), std::move(names)).first->second;
    give(out, psw_list{kept.data(), static_cast<std::uint32_t>(kept.size()), sizeof(psw_str)});
    return PSW_OK;
  }
  if (!found) {
    if (asked == ValueType::list) {
      give(out, std::int64_t{0});
      return PSW_ABSENT;
    }
    return refuse(error, PSW_ABSENT, path, "not set, and without default");
  }
  if (is_text(asked) && is_text(found->type)) {
    give(out, view(found->text));
  } else if (asked == ValueType::boolean && is_number(found->type)) {
    give(out, static_cast<std::int32_t>(found->integer != 0 ? 1 : 0));
  } else if (is_number(asked) && is_number(found->type)) {
    give(out, found->integer);
  } else if (asked == ValueType::list && found->type == ValueType::list) {
    give(out, static_cast<std::int64_t>(found->count));
  } else if (asked == ValueType::money && (found->type == ValueType::money || found->type == ValueType::integer)) {
    psw_money money{};
    money.minor = found->integer;
    std::memcpy(money.currency, found->text.data(), std::min<std::size_t>(found->text.size(), 3));
    money.exponent = found->exponent;
    give(out, money);
  } else {
    return refuse(error, PSW_INVALID, path, "asked for as another type than it has");
  }
  return PSW_OK;
}

extern "C" {

std::uint32_t host_take(void* ctx, std::uint32_t lane, const psw_event** out, std::uint32_t max, std::uint64_t wait_ns) noexcept {
  Connector& connector = of(ctx);
  Turn* const turn = current_turn();
  if (turn == nullptr || &turn->lane.connector() != &connector || turn->lane.index() != lane) [[unlikely]] {
    static LogThrottle throttle;
    std::uint64_t suppressed = 0;
    if (throttle.allow(connector.core().clock().monotonic_ns(), suppressed)) {
      connector.core().parts.log->write(messages::wrong_thread, {{"connector", connector.name()}, {"lane", lane}, {"suppressed", suppressed}});
    }
    return 0;
  }
  if (max == 0) return 0;
  if (out == nullptr) {
    connector.broken_rule("take: no place for the events");
    return 0;
  }
  return turn->lane.take(*turn, out, max, wait_ns);
}

std::int32_t host_lane_fd(void* ctx, std::uint32_t lane) noexcept {
  Lane* const found = of(ctx).services().lane(lane);
  // Shared lanes are turned by a loop and blocking ones by workers: both need the wake-up themselves.
  return found == nullptr || found->mode() != PSW_LANE_LOOP ? -1 : found->fd();
}

void host_complete(void* ctx, const psw_reply* const* replies, std::uint32_t n) noexcept { of(ctx).complete(replies, n); }

void host_ready(void* ctx, std::int32_t state, psw_str text) noexcept { of(ctx).report_ready(state, text); }

const void* host_service(void* ctx, const char* id, std::uint32_t min_rev) noexcept {
  return id == nullptr || min_rev > 1 ? nullptr : find_service(of(ctx).core().parts, of(ctx).type().role, id);
}

static bool sane(psw_list list) noexcept { return list.n == 0 || (list.data != nullptr && list.stride >= sizeof(psw_field) && list.stride <= list_stride_bytes_max); }

std::int32_t host_log(void* ctx, std::int32_t level, psw_str message_id, psw_list fields) noexcept {
  Connector& connector = of(ctx);
  const Severity severity = level <= PSW_LOG_DEBUG ? Severity::debug : level == PSW_LOG_INFO ? Severity::info : level == PSW_LOG_WARNING ? Severity::warning : Severity::error;
  Logger& log = *connector.core().parts.log;
  if (!log.enabled(severity)) return 0;
  constexpr std::uint32_t fields_max = 16;
  constexpr std::uint64_t value_bytes_max = 1024;
  try {
    const std::string_view id(message_id.data == nullptr ? "" : message_id.data, message_id.data == nullptr ? 0 : message_id.size);
    const MessageText* message = nullptr;
    for (const MessageText& known : connector.type().messages) {
      if (known.id == id) message = &known;
    }
    std::deque<std::string> kept;
    std::vector<LogField> out;
    const auto clean = [&](psw_str text) -> const std::string& {
      kept.emplace_back(text.data == nullptr ? "" : text.data, text.data == nullptr ? 0 : std::min(text.size, value_bytes_max));
      utf8_repair(kept.back().data(), kept.back().size());
      return kept.back();
    };
    out.emplace_back("connector", connector.name());
    if (!sane(fields)) {
      connector.broken_rule("log: fields that are no list");
      fields.n = 0;
    }
    for (std::uint32_t i = 0; i < std::min(fields.n, fields_max); ++i) {
      psw_field field{};
      std::memcpy(&field, static_cast<const char*>(fields.data) + static_cast<std::size_t>(i) * fields.stride, std::min<std::size_t>(fields.stride, sizeof field));
      const std::string& key = clean(field.key);
      out.emplace_back(std::string_view(key), clean(field.value));
    }
    LogRecord record;
    record.id = message != nullptr ? std::string_view(message->id) : std::string_view(clean(message_id));
    record.severity = severity;
    record.text = message != nullptr ? std::string_view(message->text) : std::string_view("a message the plugin did not declare");
    record.fields = out;
    log.write(record);
  } catch (...) {
    return 0;  // no memory for a log line: the line is lost, nothing else
  }
  return 1;
}

std::int32_t host_get(const psw_config* config, const char* path, std::int32_t type, void* out, psw_error* error) noexcept {
  if (config == nullptr || path == nullptr || out == nullptr) return refuse(error, PSW_INVALID, "", "configuration, path and out must be given");
  try {
    return get_value(*config, path, static_cast<ValueType>(type), out, error);
  } catch (...) {
    return refuse(error, PSW_INTERNAL, path, "out of memory");
  }
}

}  // extern "C"
}  // namespace

InstanceServices::InstanceServices(Connector& connector) : connector_(connector), routes_(connector) {
  host_.size = sizeof host_;
  host_.minor = PSW_ABI_MINOR;
  host_.ctx = &connector;
  host_.take = host_take;
  host_.lane_fd = host_lane_fd;
  host_.complete = host_complete;
  host_.ready = host_ready;
  host_.service = host_service;
  host_.log = host_log;
  host_.get = host_get;
  replace_config(connector.settings().options);
}

InstanceServices::~InstanceServices() = default;

const psw_config* InstanceServices::config() const noexcept {
  const std::lock_guard guard(configs_mutex_);
  return configs_.back().get();
}

const psw_config* InstanceServices::replace_config(std::shared_ptr<const Options> options) {
  auto config = std::make_unique<psw_config>();
  config->options = std::move(options);
  config->settings = &connector_.settings();
  const std::lock_guard guard(configs_mutex_);
  configs_.push_back(std::move(config));
  return configs_.back().get();
}

Lane* InstanceServices::lane(std::uint32_t index) const noexcept {
  return index < connector_.lanes().size() ? connector_.lanes()[index].get() : nullptr;
}

bool InstanceServices::reserve_answer() noexcept {
  if (answers_.fetch_add(1, std::memory_order_relaxed) < service_calls_max) return true;
  answers_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

std::int32_t InstanceServices::declare(const psw_metric& metric, std::uint32_t& out, psw_error* error) {
  if (frozen_) return refuse(error, PSW_INVALID, "", "metrics are declared in configure, not later");
  if (metrics_.size() >= metrics_per_instance_max) return refuse(error, PSW_OVERLOADED, "", "too many metrics");
  constexpr std::uint64_t bytes_max = 256;
  const auto fits = [](psw_str text) { return text.size <= bytes_max && (text.data != nullptr || text.size == 0); };
  if (!fits(metric.name) || !fits(metric.help) || metric.labels.n > labels_per_metric_max || !sane(metric.labels)) {
    connector_.broken_rule("metrics: name, help or labels that make no sense");
    return refuse(error, PSW_INVALID, "", "name, help and each label are at most 256 bytes, and there are at most 8 labels");
  }
  const std::string name(metric.name.data, metric.name.size);
  std::string help(metric.help.data == nullptr ? "" : metric.help.data, metric.help.size);
  utf8_repair(help.data(), help.size());
  if (!is_metric_name(name)) return refuse(error, PSW_INVALID, name.c_str(), "a metric's name is made of a-z, 0-9 and _");
  std::vector<Label> labels{{"connector", connector_.name()}};
  std::deque<std::string> kept;
  for (std::uint32_t i = 0; i < metric.labels.n; ++i) {
    psw_field field{};
    std::memcpy(&field, static_cast<const char*>(metric.labels.data) + static_cast<std::size_t>(i) * metric.labels.stride, std::min<std::size_t>(metric.labels.stride, sizeof field));
    if (!fits(field.key) || !fits(field.value) || !is_metric_name(std::string_view(field.key.data, field.key.size))) {
      return refuse(error, PSW_INVALID, name.c_str(), "a label's name is made of a-z, 0-9 and _, its value has at most 256 bytes");
    }
    const std::string& key = kept.emplace_back(field.key.data, field.key.size);
    std::string& value = kept.emplace_back(field.value.data == nullptr ? "" : field.value.data, field.value.size);
    utf8_repair(value.data(), value.size());
    labels.push_back({key, value});
  }
  Registry& registry = *connector_.core().parts.metrics;
  if (metric.kind < PSW_METRIC_COUNTER || metric.kind > PSW_METRIC_HISTOGRAM) return refuse(error, PSW_INVALID, name.c_str(), "unknown kind of metric");
  const auto kind = metric.kind == PSW_METRIC_COUNTER ? MetricKind::counter : metric.kind == PSW_METRIC_GAUGE ? MetricKind::gauge : MetricKind::histogram;
  if (!registry.agrees(name, help, kind)) return refuse(error, PSW_INVALID, name.c_str(), "there is a metric of this name with another kind or help");
  Metric made;
  made.kind = metric.kind;
  switch (metric.kind) {
    case PSW_METRIC_COUNTER: made.counter = &registry.counter(name, help, labels); break;
    case PSW_METRIC_GAUGE: made.gauge = &registry.gauge(name, help, labels); break;
    default: made.histogram = &registry.histogram(name, help, duration_bounds_ns(), 1e9, labels);
  }
  out = static_cast<std::uint32_t>(metrics_.size());
  metrics_.push_back(made);
  return PSW_OK;
}

}  // namespace payswitch::daemon::plugin_host

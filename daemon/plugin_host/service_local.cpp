// The services that answer at once: psw.metrics/1, psw.secrets/1, psw.trace/1.
#include <openssl/rand.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>

#include "plugin_host/connector.h"
#include "plugin_host/instance_services.h"
#include "plugin_host/reply_copy.h"
#include "plugin_host/service_tables.h"

namespace payswitch::daemon::plugin_host {
namespace {

constexpr std::uint64_t secret_name_bytes_max = 256;
constexpr std::uint64_t span_name_bytes_max = 256;
constexpr std::uint32_t span_fields_max = 32;

Connector& of(void* ctx) noexcept { return *static_cast<Connector*>(ctx); }

extern "C" {

std::int32_t metrics_declare(void* ctx, const psw_metric* metric, std::uint32_t* out, psw_error* error) noexcept {
  if (metric == nullptr || out == nullptr || !PSW_HAS(metric, psw_metric, labels) || metric->name.data == nullptr) {
    of(ctx).broken_rule("metrics: not declared whole");
    return PSW_INVALID;
  }
  try {
    return of(ctx).services().declare(*metric, *out, error);
  } catch (...) {
    return PSW_INTERNAL;
  }
}

void metrics_add(void* ctx, std::uint32_t handle, std::int64_t n) noexcept {
  const InstanceServices::Metric* const metric = of(ctx).services().metric(handle);
  if (metric == nullptr) return;
  if (metric->gauge != nullptr) return metric->gauge->add(n);
  if (n < 0) return;
  if (metric->counter != nullptr) return metric->counter->add(static_cast<std::uint64_t>(n));
  metric->histogram->observe(static_cast<std::uint64_t>(n));
}

void metrics_set(void* ctx, std::uint32_t handle, std::int64_t n) noexcept {
  const InstanceServices::Metric* const metric = of(ctx).services().metric(handle);
  if (metric != nullptr && metric->gauge != nullptr) metric->gauge->set(n);
}

std::int32_t secrets_read(void* ctx, psw_str name, psw_str* out, psw_error* error) noexcept {
  Connector& connector = of(ctx);
  if (out == nullptr || name.data == nullptr || name.size > secret_name_bytes_max) {
    connector.broken_rule("secrets: no name, or no place for the answer");
    return PSW_INVALID;
  }
  const std::string* const secret = connector.core().parts.secrets->secret(connector.name(), std::string_view(name.data, name.size));
  if (secret == nullptr) {
    if (error != nullptr && error->size >= sizeof(psw_error)) {
      error->code = PSW_ABSENT;
      std::snprintf(error->text, sizeof error->text, "there is no credential of this name");
    }
    return PSW_ABSENT;
  }
  *out = psw_str{secret->data(), secret->size()};
  return PSW_OK;
}

std::uint64_t trace_new_span(void*) noexcept {
  std::uint64_t id = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&id), sizeof id) != 1) id = 0;
  return id != 0 ? id : 1;
}

void trace_end_span(void* ctx, const psw_span* span) noexcept {
  Connector& connector = of(ctx);
  TraceSink* const sink = connector.core().parts.trace;
  if (sink == nullptr || span == nullptr || !PSW_HAS(span, psw_span, name)) return;
  psw_span whole{};
  std::memcpy(static_cast<void*>(&whole), span, std::min<std::size_t>(span->size, sizeof whole));
  whole.size = sizeof whole;
  const psw_list& fields = whole.fields;
  const bool list = fields.n == 0 || (fields.data != nullptr && fields.n <= span_fields_max && fields.stride >= sizeof(psw_field) && fields.stride <= list_stride_bytes_max);
  if (!list || whole.name.size > span_name_bytes_max || (whole.name.data == nullptr && whole.name.size > 0)) return connector.broken_rule("trace: a span that makes no sense");
  sink->span(connector.name(), whole);
}

}  // extern "C"

constexpr psw_metrics_1 metrics{sizeof(psw_metrics_1), 0, metrics_declare, metrics_add, metrics_set};
constexpr psw_secrets_1 secrets{sizeof(psw_secrets_1), 0, secrets_read};
constexpr psw_trace_1 trace{sizeof(psw_trace_1), 0, trace_new_span, trace_end_span};

}  // namespace

const void* metrics_table() noexcept { return &metrics; }
const void* secrets_table() noexcept { return &secrets; }
const void* trace_table() noexcept { return &trace; }

}  // namespace payswitch::daemon::plugin_host

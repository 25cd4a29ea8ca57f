#include "base/metrics.h"

#include <charconv>
#include <cmath>

#include "base/assert.h"

namespace payswitch::daemon {
namespace {

enum Kind : int { kind_counter, kind_gauge, kind_histogram, kind_gauge_read };

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    char digits[40];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  }
}

// `quotes`: a label's value, where quotes are escaped too; HELP has only backslash and newline.
void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') out += "\\\\";
    else if (c == '\n') out += "\\n";
    else if (c == '"' && quotes) out += "\\\"";
    else out += c;
  }
}

std::string render_labels(std::span<const Label> labels) {
  std::string out;
  for (const Label& label : labels) {
    if (!out.empty()) out += ',';
    out.append(label.name).append("=\"");
    append_escaped(out, label.value, true);
    out += '"';
  }
  return out;
}

bool is_name(std::string_view name) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
  for (const char c : name) {
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')) return false;
  }
  return true;
}

}  // namespace

std::uint64_t Histogram::count() const noexcept {
  std::uint64_t total = 0;
  for (std::size_t bucket = 0; bucket <= buckets_max; ++bucket) total += count(bucket);
  return total;
}
std::uint64_t Histogram::count(std::size_t bucket) const noexcept {
  std::uint64_t total = 0;
  for (const Part& part : parts_) total += part.counts[bucket].load(std::memory_order_relaxed);
  return total;
}
std::uint64_t Histogram::sum() const noexcept {
  std::uint64_t total = 0;
  for (const Part& part : parts_) total += part.sum.load(std::memory_order_relaxed);
  return total;
}

std::span<const std::uint64_t> duration_bounds_ns() noexcept {
  static constexpr std::uint64_t us = 1'000;
  static constexpr std::uint64_t ms = 1'000'000;
  static constexpr std::uint64_t bounds[] = {50 * us, 100 * us, 250 * us, 500 * us, 1 * ms, 2'500 * us, 5 * ms, 10 * ms, 25 * ms, 50 * ms,
                                             100 * ms, 250 * ms, 500 * ms, 1'000 * ms, 2'500 * ms, 5'000 * ms, 10'000 * ms};
  return bounds;
}

struct Registry::Instrument {
  std::string labels;  // rendered
  Counter counter;
  Gauge gauge;
  std::unique_ptr<Histogram> histogram;
  double (*read)(void*) = nullptr;
  void* read_context = nullptr;
};

struct Registry::Family {
  std::string name;
  std::string help;
  int kind;
  std::deque<std::unique_ptr<Instrument>> instruments;
};

Registry::Registry() = default;
Registry::~Registry() = default;

bool Registry::agrees(std::string_view name, std::string_view help, MetricKind kind) const {
  const int number = kind == MetricKind::counter ? kind_counter : kind == MetricKind::gauge ? kind_gauge : kind_histogram;
  const std::lock_guard lock(mutex_);
  for (const auto& known : families_) {
    if (known->name == name) return known->kind == number && known->help == help;
  }
  return is_name(name);
}

Registry::Instrument& Registry::find_or_add(std::string_view name, std::string_view help, int kind, std::span<const Label> labels) {
  PSW_ASSERT(is_name(name));
  Family* family = nullptr;
  for (const auto& known : families_) {
    if (known->name == name) family = known.get();
  }
  if (family == nullptr) {
    family = families_.emplace_back(std::make_unique<Family>(Family{std::string(name), std::string(help), kind, {}})).get();
  }
  PSW_ASSERT(family->kind == kind && family->help == help);
  std::string rendered = render_labels(labels);
  for (const auto& instrument : family->instruments) {
    if (instrument->labels == rendered) return *instrument;
  }
  Instrument& added = *family->instruments.emplace_back(std::make_unique<Instrument>());
  added.labels = std::move(rendered);
  return added;
}

Counter& Registry::counter(std::string_view name, std::string_view help, Labels labels) { return counter(name, help, std::span(labels.begin(), labels.size())); }
Counter& Registry::counter(std::string_view name, std::string_view help, std::span<const Label> labels) {
  const std::lock_guard lock(mutex_);
  return find_or_add(name, help, kind_counter, labels).counter;
}

Gauge& Registry::gauge(std::string_view name, std::string_view help, Labels labels) { return gauge(name, help, std::span(labels.begin(), labels.size())); }
Gauge& Registry::gauge(std::string_view name, std::string_view help, std::span<const Label> labels) {
  const std::lock_guard lock(mutex_);
  return find_or_add(name, help, kind_gauge, labels).gauge;
}

Histogram& Registry::duration(std::string_view name, std::string_view help, Labels labels, std::span<const std::uint64_t> bounds_ns) {
  return histogram(name, help, bounds_ns, 1e9, labels);
}

Histogram& Registry::histogram(std::string_view name, std::string_view help, std::span<const std::uint64_t> bounds, double units_per_base, Labels labels) {
  return histogram(name, help, bounds, units_per_base, std::span(labels.begin(), labels.size()));
}

Histogram& Registry::histogram(std::string_view name, std::string_view help, std::span<const std::uint64_t> bounds, double units_per_base,
                               std::span<const Label> labels) {
  PSW_ASSERT(!bounds.empty() && bounds.size() <= Histogram::buckets_max);
  const std::lock_guard lock(mutex_);
  Instrument& instrument = find_or_add(name, help, kind_histogram, labels);
  if (!instrument.histogram) {
    instrument.histogram = std::make_unique<Histogram>();
    instrument.histogram->bounds_.assign(bounds.begin(), bounds.end());
    instrument.histogram->units_per_base_ = units_per_base;
  }
  return *instrument.histogram;
}

void Registry::gauge_read(std::string_view name, std::string_view help, Labels labels, double (*read)(void* context), void* context) {
  const std::lock_guard lock(mutex_);
  Instrument& instrument = find_or_add(name, help, kind_gauge_read, std::span(labels.begin(), labels.size()));
  instrument.read = read;
  instrument.read_context = context;
}

void Registry::write_text(std::string& out) const {
  const std::lock_guard lock(mutex_);
  const auto sample = [&out](const Family& family, std::string_view suffix, const std::string& labels, std::string_view extra) -> std::string& {
    out.append(family.name).append(suffix);
    if (!labels.empty() || !extra.empty()) {
      out.append("{").append(labels).append(!labels.empty() && !extra.empty() ? "," : "").append(extra).append("}");
    }
    return out += ' ';
  };
  for (const auto& family : families_) {
    out.append("# HELP ").append(family->name).append(" ");
    append_escaped(out, family->help, false);
    out.append("\n# TYPE ").append(family->name);
    out.append(family->kind == kind_counter ? " counter\n" : family->kind == kind_histogram ? " histogram\n" : " gauge\n");
    for (const auto& instrument : family->instruments) {
      const std::string& labels = instrument->labels;
      switch (family->kind) {
        case kind_counter: sample(*family, "", labels, "").append(std::to_string(instrument->counter.value())).append("\n"); break;
        case kind_gauge: sample(*family, "", labels, "").append(std::to_string(instrument->gauge.value())).append("\n"); break;
        case kind_gauge_read:
          append_number(sample(*family, "", labels, ""), instrument->read(instrument->read_context));
          out += '\n';
          break;
        default: {
          const Histogram& histogram = *instrument->histogram;
          std::uint64_t below = 0;
          for (std::size_t i = 0; i <= histogram.bounds_.size(); ++i) {
            below += histogram.count(i);
            std::string bound = "le=\"";
            if (i < histogram.bounds_.size()) append_number(bound, static_cast<double>(histogram.bounds_[i]) / histogram.units_per_base_);
            else bound += "+Inf";
            sample(*family, "_bucket", labels, bound += '"').append(std::to_string(below)).append("\n");
          }
          append_number(sample(*family, "_sum", labels, ""), static_cast<double>(histogram.sum()) / histogram.units_per_base_);
          out += '\n';
          sample(*family, "_count", labels, "").append(std::to_string(below)).append("\n");
        }
      }
    }
  }
}

}  // namespace payswitch::daemon

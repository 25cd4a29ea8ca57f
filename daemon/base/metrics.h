// Metrics in Prometheus text form. Instruments are registered at start, live as long as the registry, and are counted with relaxed
// atomics from any thread. Names: base units, `_total` for counters, no account or transfer as a label.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace payswitch::daemon {

// Instruments are counted in parts, each on a cache line of its own and meant for a few of the threads: two loops that count the same
// thing do not take turns at one line. Reading adds the parts up.
inline constexpr std::size_t metric_parts = 4;
inline std::size_t metric_part() noexcept {
  static std::atomic<std::size_t> threads{0};
  thread_local const std::size_t part = threads.fetch_add(1, std::memory_order_relaxed) % metric_parts;
  return part;
}

class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept { parts_[metric_part()].value.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t value() const noexcept {
    std::uint64_t sum = 0;
    for (const Part& part : parts_) sum += part.value.load(std::memory_order_relaxed);
    return sum;
  }

 private:
  struct alignas(64) Part {
    std::atomic<std::uint64_t> value{0};
  };
  std::array<Part, metric_parts> parts_;
};

// Either set by one thread, or added to by any.
class Gauge {
 public:
  void set(std::int64_t value) noexcept {
    for (std::size_t i = 1; i < metric_parts; ++i) parts_[i].value.store(0, std::memory_order_relaxed);
    parts_[0].value.store(value, std::memory_order_relaxed);
  }
  void add(std::int64_t n) noexcept { parts_[metric_part()].value.fetch_add(n, std::memory_order_relaxed); }
  std::int64_t value() const noexcept {
    std::int64_t sum = 0;
    for (const Part& part : parts_) sum += part.value.load(std::memory_order_relaxed);
    return sum;
  }

 private:
  struct alignas(64) Part {
    std::atomic<std::int64_t> value{0};
  };
  std::array<Part, metric_parts> parts_;
};

// Buckets over integers (nanoseconds, bytes, entries of a batch); `units_per_base` turns them into base units when printed.
class Histogram {
 public:
  static constexpr std::size_t buckets_max = 32;

  void observe(std::uint64_t value) noexcept {
    std::size_t bucket = 0;
    while (bucket < bounds_.size() && value > bounds_[bucket]) ++bucket;
    Part& part = parts_[metric_part()];
    part.counts[bucket].fetch_add(1, std::memory_order_relaxed);
    part.sum.fetch_add(value, std::memory_order_relaxed);
  }
  std::uint64_t count() const noexcept;
  std::uint64_t count(std::size_t bucket) const noexcept;
  std::uint64_t sum() const noexcept;

 private:
  friend class Registry;
  std::vector<std::uint64_t> bounds_;
  double units_per_base_ = 1;
  struct alignas(64) Part {
    std::array<std::atomic<std::uint64_t>, buckets_max + 1> counts{};
    std::atomic<std::uint64_t> sum{0};
  };
  std::array<Part, metric_parts> parts_;
};

struct Label {
  std::string_view name;
  std::string_view value;
};
using Labels = std::initializer_list<Label>;

// Upper bounds in nanoseconds for durations of requests and syncs: 50 µs to 10 s.
std::span<const std::uint64_t> duration_bounds_ns() noexcept;

enum class MetricKind { counter, gauge, histogram };

// Asking again for the same name and labels gives the same instrument; another kind or help under one name is a bug.
class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // False: the name is no name, or taken by another kind or with another help. To be asked about names that come from outside. Any thread.
  bool agrees(std::string_view name, std::string_view help, MetricKind kind) const;

  Counter& counter(std::string_view name, std::string_view help, Labels labels = {});
  Counter& counter(std::string_view name, std::string_view help, std::span<const Label> labels);
  Gauge& gauge(std::string_view name, std::string_view help, Labels labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, std::span<const Label> labels);
  // Seconds: bounds and observations in nanoseconds.
  Histogram& duration(std::string_view name, std::string_view help, Labels labels = {}, std::span<const std::uint64_t> bounds_ns = duration_bounds_ns());
  Histogram& histogram(std::string_view name, std::string_view help, std::span<const std::uint64_t> bounds, double units_per_base, Labels labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, std::span<const std::uint64_t> bounds, double units_per_base, std::span<const Label> labels);
  // Read when scraped, on the scraping thread; `read` must be safe there for as long as the registry lives.
  void gauge_read(std::string_view name, std::string_view help, Labels labels, double (*read)(void* context), void* context);

  // Appends the whole exposition (text format 0.0.4, families in order of registration). Any thread.
  void write_text(std::string& out) const;

 private:
  struct Family;
  struct Instrument;
  Instrument& find_or_add(std::string_view name, std::string_view help, int kind, std::span<const Label> labels);

  mutable std::mutex mutex_;
  std::deque<std::unique_ptr<Family>> families_;
};

}  // namespace payswitch::daemon

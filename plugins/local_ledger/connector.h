// The instance as the host sees it: lane 0 is the writer's, lane 1 carries out commands.
#pragma once

#include <payswitch/abi.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine.h"
#include "reads.h"

namespace payswitch::local_ledger {

inline constexpr std::uint32_t writer_lane = 0;
inline constexpr std::uint32_t command_lane = 1;
inline constexpr std::uint32_t batch_max = 256;      // operations in one frame; more gain nothing, and the first would wait longer
inline constexpr std::uint32_t inbox_max = 16384;

// What the instance stands on. The simulator brings a disk in memory, chance from a seed and no threads.
struct Surroundings {
  std::function<Status(const std::string& directory, bool create, std::unique_ptr<Storage>& out)> open = open_directory;
  Random random = system_random;
  bool own_thread = true;
};

class Connector final : public WallClock {
 public:
  Connector(const psw_host& host, std::string name, Surroundings surroundings = {});
  const psw_instance* instance() const noexcept { return &instance_; }

 private:
  std::int32_t configure(const psw_config* config, psw_error* error);
  std::int32_t start(psw_error* error);
  std::int64_t turn(std::uint32_t lane, std::uint64_t max_wait_ns);
  std::int32_t try_read(const psw_op& op, psw_reply& reply);
  void stop();

  std::int64_t turn_writer(std::uint64_t max_wait_ns);
  std::int64_t turn_commands(std::uint64_t max_wait_ns);
  void operation(const psw_op& op, psw_reply& reply);
  void look_ahead(const psw_event* const* batch, std::uint32_t n, std::uint32_t at) const;
  void finish_batch();
  void poison(const Status& status);
  void command(const psw_op& op, psw_reply& reply, std::string& text);
  void log(std::int32_t level, std::string_view id, std::initializer_list<std::pair<std::string_view, std::string_view>> fields) const;
  std::int64_t wall_ms() const override;
  std::int64_t monotonic_ms() const override;

  const psw_host& host_;
  const std::string name_;
  const Surroundings surroundings_;
  const psw_executor_1* executor_ = nullptr;
  psw_instance instance_{};
  std::string directory_;
  bool sync_ = true;
  std::uint64_t segment_bytes_ = 0;

  std::unique_ptr<Storage> storage_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Reads> reads_;
  std::atomic<bool> running_{false};   // reads may be answered

  // of the writer's lane
  std::vector<psw_reply> replies_;
  std::vector<const psw_reply*> pointers_;
  std::vector<std::unique_ptr<ReadBuffer>> read_buffers_;  // one per read of a batch: an answer lives until it was handed over
  std::uint32_t taken_ = 0;       // replies_[0, taken_) belong to the batch that is being collected
  std::uint32_t reads_taken_ = 0;
  bool draining_ = false, drained_ = false, full_told_ = false;
};

}  // namespace payswitch::local_ledger

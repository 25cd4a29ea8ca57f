#include "connector.h"

#include <payswitch/failpoint.h>
#include <payswitch/str.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "commands.h"

namespace payswitch::local_ledger {
namespace {

void fill(psw_error* error, std::int32_t code, std::string_view key, std::string_view text) {
  if (error == nullptr) return;
  error->code = code;
  std::snprintf(error->key, sizeof error->key, "%.*s", static_cast<int>(key.size()), key.data());
  std::snprintf(error->text, sizeof error->text, "%.*s", static_cast<int>(text.size()), text.data());
}

constexpr std::int64_t idle_every_ns = 1'000'000'000;

}  // namespace

Connector::Connector(const psw_host& host, std::string name, Surroundings surroundings)
    : host_(host), name_(std::move(name)), surroundings_(std::move(surroundings)) {
  instance_.size = sizeof instance_;
  instance_.self = this;
  instance_.configure = [](void* self, const psw_config* config, psw_error* error) { return static_cast<Connector*>(self)->configure(config, error); };
  instance_.start = [](void* self, psw_error* error) { return static_cast<Connector*>(self)->start(error); };
  instance_.turn = [](void* self, std::uint32_t lane, std::uint64_t max_wait_ns) { return static_cast<Connector*>(self)->turn(lane, max_wait_ns); };
  instance_.try_read = [](void* self, const psw_op* op, psw_reply* reply) { return static_cast<Connector*>(self)->try_read(*op, *reply); };
  instance_.stop = [](void* self) { static_cast<Connector*>(self)->stop(); };
  instance_.destroy = [](void* self) { delete static_cast<Connector*>(self); };
  instance_.extension = [](void*, const char*) -> const void* { return nullptr; };
  replies_.resize(batch_max);
  pointers_.resize(batch_max);
  for (std::uint32_t i = 0; i != batch_max; ++i) pointers_[i] = &replies_[i];
}

std::int64_t Connector::wall_ms() const {
  if (executor_ != nullptr) return executor_->wall_ms(host_.ctx);
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::int64_t Connector::monotonic_ms() const {
  if (executor_ != nullptr) return static_cast<std::int64_t>(executor_->now_ns(host_.ctx) / 1'000'000);
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void Connector::log(std::int32_t level, std::string_view id, std::initializer_list<std::pair<std::string_view, std::string_view>> fields) const {
  if (host_.log == nullptr) return;
  std::vector<psw_field> out;
  for (const auto& [key, value] : fields) out.push_back({str(key), str(value)});
  host_.log(host_.ctx, level, str(id), list_of(out.data(), out.size()));
}

std::int32_t Connector::configure(const psw_config* config, psw_error* error) {
  psw_str directory{};
  if (const std::int32_t rc = host_.get(config, "directory", PSW_T_PATH, &directory, error); rc != PSW_OK) {
    if (rc == PSW_ABSENT) fill(error, PSW_INVALID, "directory", "required: where the ledger keeps its journal");
    return PSW_INVALID;
  }
  directory_ = view(directory);
  std::int32_t sync = 1;
  if (host_.get(config, "sync", PSW_T_BOOL, &sync, error) == PSW_INVALID) return PSW_INVALID;
  sync_ = sync != 0;
  std::int64_t segment_bytes = 64 * 1024 * 1024;
  if (host_.get(config, "segment_size", PSW_T_SIZE, &segment_bytes, error) == PSW_INVALID) return PSW_INVALID;
  if (segment_bytes < static_cast<std::int64_t>(segment_bytes_min) || segment_bytes > static_cast<std::int64_t>(segment_bytes_max) || segment_bytes % 4096 != 0) {
    fill(error, PSW_INVALID, "segment_size", "from 64KiB to 1GiB, a multiple of 4096");
    return PSW_INVALID;
  }
  segment_bytes_ = static_cast<std::uint64_t>(segment_bytes);
  return PSW_OK;
}

std::int32_t Connector::start(psw_error* error) {
  executor_ = static_cast<const psw_executor_1*>(host_.service(host_.ctx, PSW_SERVICE_EXECUTOR, 1));
  EngineOptions options;
  options.sync = sync_;
  options.segment_bytes = segment_bytes_;
  options.own_thread = surroundings_.own_thread;
  options.random = surroundings_.random;
  JournalReport report;
  Status status = surroundings_.open(directory_, true, storage_);
  if (status.ok()) status = Engine::open(*storage_, *this, options, engine_, report);
  if (!status.ok()) {
    log(PSW_LOG_ERROR, "PSW-LOCAL-001", {{"directory", directory_}, {"error", status.error}});
    fill(error, PSW_UNAVAILABLE, "directory", status.error);
    return PSW_UNAVAILABLE;
  }
  (void)PSW_FAILPOINT("ledger.opened");
  reads_ = std::make_unique<Reads>(*engine_);
  if (report.cut_bytes != 0) {
    log(PSW_LOG_WARNING, "PSW-LOCAL-002", {{"file", report.cut_file}, {"offset", std::to_string(report.cut_offset)}, {"bytes", std::to_string(report.cut_bytes)}});
  }
  if (!sync_) log(PSW_LOG_WARNING, "PSW-LOCAL-003", {{"directory", directory_}});
  log(PSW_LOG_INFO, "PSW-LOCAL-004", {{"directory", directory_}, {"entries", std::to_string(report.entries)}, {"bytes", std::to_string(report.bytes)}});
  running_.store(true, std::memory_order_release);
  host_.ready(host_.ctx, PSW_READY_UP, psw_str{});
  return PSW_OK;
}

void Connector::stop() {
  running_.store(false, std::memory_order_release);
  if (engine_ == nullptr) return;
  if (const Status status = engine_->close(); !status.ok()) log(PSW_LOG_ERROR, "PSW-LOCAL-007", {{"error", status.error}});
}

std::int32_t Connector::try_read(const psw_op& op, psw_reply& reply) {
  if (!running_.load(std::memory_order_acquire)) return PSW_UNAVAILABLE;
  thread_local ReadBuffer buffer;
  reply.handle = op.handle;
  if (op.kind == PSW_OP_HELLO) {
    reads_->hello(reply, buffer);
    return PSW_OK;
  }
  if (op.kind != PSW_OP_READ || op.body == nullptr) return PSW_NOT_SUPPORTED;
  if (PSW_FAILPOINT("ledger.read")) return PSW_OVERLOADED;
  return reads_->answer(*static_cast<const psw_read*>(op.body), reply, buffer) ? PSW_OK : PSW_OVERLOADED;
}

std::int64_t Connector::turn(std::uint32_t lane, std::uint64_t max_wait_ns) { return lane == writer_lane ? turn_writer(max_wait_ns) : turn_commands(max_wait_ns); }

// ---- the writer's lane ----

// Commits what was collected and hands out its replies, all with one wake-up.
void Connector::finish_batch() {
  const Status status = engine_->commit();
  if (!status.ok()) {
    for (std::uint32_t i = 0; i != taken_; ++i) engine_->lost(replies_[i]);
    poison(status);
  }
  if (taken_ != 0 && PSW_FAILPOINT("ledger.before_complete"))  // written, but its answers are lost
    for (std::uint32_t i = 0; i != taken_; ++i) engine_->lost(replies_[i]);
  if (taken_ != 0) host_.complete(host_.ctx, pointers_.data(), taken_);
  taken_ = 0;
  reads_taken_ = 0;
  engine_->begin();
}

void Connector::poison(const Status& status) {
  log(PSW_LOG_ERROR, "PSW-LOCAL-005", {{"directory", directory_}, {"error", status.error}});
  host_.ready(host_.ctx, PSW_READY_FAULTED, str(status.error));
}

void Connector::operation(const psw_op& op, psw_reply& reply) {
  reply = psw_reply{};
  reply.size = sizeof reply;
  reply.handle = op.handle;
  reply.failed = -1;
  switch (op.kind) {
    case PSW_OP_WRITE:
      if (op.body == nullptr) break;
      if (engine_->write(*static_cast<const psw_entry*>(op.body), reply) == Engine::Taken::done) return;
      finish_batch();
      replies_[0].handle = op.handle;
      if (engine_->write(*static_cast<const psw_entry*>(op.body), replies_[0]) != Engine::Taken::done) engine_->lost(replies_[0]);
      return;
    case PSW_OP_LEASE_DUE:
      if (op.body == nullptr) break;
      if (engine_->lease_due(*static_cast<const psw_read*>(op.body), reply) == Engine::Taken::done) return;
      finish_batch();
      replies_[0].handle = op.handle;
      if (engine_->lease_due(*static_cast<const psw_read*>(op.body), replies_[0]) != Engine::Taken::done) engine_->lost(replies_[0]);
      return;
    case PSW_OP_READ:
    case PSW_OP_HELLO: {
      if (reads_taken_ == read_buffers_.size()) read_buffers_.push_back(std::make_unique<ReadBuffer>());
      ReadBuffer& buffer = *read_buffers_[reads_taken_++];
      if (op.kind == PSW_OP_HELLO) {
        reads_->hello(reply, buffer);
        return;
      }
      if (op.body == nullptr) break;
      reads_->answer(*static_cast<const psw_read*>(op.body), reply, buffer);  // nothing is published meanwhile: it cannot fail
      return;
    }
    default: break;
  }
  reply.code = op.body == nullptr ? PSW_INVALID : PSW_NOT_SUPPORTED;
  reply.reason = str("operation_unknown");
}

// While operation `at` is decided, the memory of those behind it is on its way: the entries were written by another core, accounts and
// indexes are larger than any cache.
void Connector::look_ahead(const psw_event* const* batch, std::uint32_t n, std::uint32_t at) const {
  const auto body = [&](std::uint32_t distance) -> const void* {
    if (at + distance >= n || batch[at + distance]->kind != PSW_EV_OP) return nullptr;
    const auto& op = *static_cast<const psw_op*>(batch[at + distance]->body);
    return op.kind == PSW_OP_WRITE ? op.body : nullptr;
  };
  const auto entry = [&](std::uint32_t distance) -> const psw_entry* {
    const auto* const found = static_cast<const psw_entry*>(body(distance));
    return found != nullptr && found->size >= sizeof(psw_entry) ? found : nullptr;
  };
  if (const auto* const bytes = static_cast<const char*>(body(10))) {
    for (std::size_t line = 0; line < sizeof(psw_entry); line += 64) __builtin_prefetch(bytes + line);
  }
  if (const psw_entry* const found = entry(8)) {
    for (const psw_list* list : {&found->postings, &found->uniques, &found->records}) __builtin_prefetch(list->data);
  }
  if (const psw_entry* const found = entry(6)) engine_->state().look_ahead(*found, State::Ahead::places);
  if (const psw_entry* const found = entry(4)) engine_->state().look_ahead(*found, State::Ahead::objects);
  if (const psw_entry* const found = entry(2)) engine_->state().look_ahead(*found, State::Ahead::texts);
}

std::int64_t Connector::turn_writer(std::uint64_t max_wait_ns) {
  const psw_event* batch[batch_max];
  const std::uint32_t n = host_.take(host_.ctx, writer_lane, batch, batch_max, max_wait_ns);
  engine_->begin();
  for (std::uint32_t i = 0; i != n; ++i) {
    const psw_event& event = *batch[i];
    if (event.kind == PSW_EV_DRAIN) draining_ = true;
    if (event.kind != PSW_EV_OP) continue;
    look_ahead(batch, n, i);
    const std::uint32_t at = taken_;
    operation(*static_cast<const psw_op*>(event.body), replies_[at]);
    taken_ = taken_ == at ? at + 1 : 1;  // 1: the batch before it was handed out to make room
  }
  finish_batch();
  if (draining_ && !drained_) {
    drained_ = true;
    host_.ready(host_.ctx, PSW_READY_DRAINED, psw_str{});
  }
  if (engine_->refuses_work() != full_told_) {
    full_told_ = engine_->refuses_work();
    if (full_told_) {
      const std::string trouble = engine_->trouble();
      log(PSW_LOG_ERROR, "PSW-LOCAL-006", {{"directory", directory_}, {"error", trouble.empty() ? std::string_view("the disk is slow: it is still being made") : trouble}});
    } else {
      log(PSW_LOG_INFO, "PSW-LOCAL-008", {{"directory", directory_}});
    }
    host_.ready(host_.ctx, full_told_ ? PSW_READY_DEGRADED : PSW_READY_UP, full_told_ ? str("read_only") : psw_str{});
  }
  if (n == 0) engine_->idle();
  return executor_ == nullptr ? -1 : static_cast<std::int64_t>(executor_->now_ns(host_.ctx)) + idle_every_ns;
}

// ---- commands ----

std::int64_t Connector::turn_commands(std::uint64_t max_wait_ns) {
  const psw_event* event = nullptr;
  const std::uint32_t n = host_.take(host_.ctx, command_lane, &event, 1, max_wait_ns);
  for (std::uint32_t i = 0; i != n; ++i) {
    if (event->kind != PSW_EV_OP) continue;
    const auto& op = *static_cast<const psw_op*>(event->body);
    psw_reply reply{};
    std::string text;
    reply.size = sizeof reply;
    reply.handle = op.handle;
    reply.failed = -1;
    command(op, reply, text);
    reply.text = str(text);
    const psw_reply* const one = &reply;
    host_.complete(host_.ctx, &one, 1);
  }
  return -1;
}

void Connector::command(const psw_op& op, psw_reply& reply, std::string& text) {
  reply.code = PSW_NOT_SUPPORTED;
  if (op.kind != PSW_OP_COMMAND || op.body == nullptr) return;
  const psw_call call = sized_copy(static_cast<const psw_call*>(op.body));
  if (view(call.name) != "verify") return;
  reply.code = verify_command(directory_, view(call.args), (call.flags & 1) != 0, text);
}

}  // namespace payswitch::local_ledger

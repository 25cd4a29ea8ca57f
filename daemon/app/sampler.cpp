#include "app/sampler.h"

#include <payswitch/money.h>
#include <payswitch/str.h>
#include <payswitch/transfer_state.h>

#include <algorithm>

#include "api/wire.h"
#include "app/messages.h"
#include "app/version.h"
#include "transfer/repair.h"

namespace payswitch::daemon::app {
namespace {

using Rooms = std::vector<std::unique_ptr<LoopRoom>>;

template <auto Member>
double sum(void* context) {
  std::uint64_t total = 0;
  for (const auto& room : *static_cast<Rooms*>(context)) total += (room->counters().*Member).load(std::memory_order_relaxed);
  return static_cast<double>(total);
}

}  // namespace

Sampler::Sampler(Rooms& rooms, Registry& metrics, const Clock& clock, Logger& logger, WaitingList& waiting)
    : client_(rooms.front()->client()), metrics_(metrics), clock_(clock), logger_(logger), waiting_(waiting),
      in_doubt_(metrics.gauge("payswitch_transfers_in_doubt", "Transfers whose fate at another bank is unknown (500: that many or more)")),
      in_doubt_oldest_(metrics.gauge("payswitch_transfers_in_doubt_oldest_seconds", "Age of the oldest transfer in doubt")),
      attention_(metrics.gauge("payswitch_transfers_attention", "Open transfers that a person should look at")),
      repairs_(metrics.gauge("payswitch_repairs_open", "Open repairs: money in suspense that waits for a person (500: that many or more)")),
      repairs_oldest_(metrics.gauge("payswitch_repairs_oldest_seconds", "Age of the oldest open repair")),
      ticker_(rooms.front()->loop(), std::chrono::seconds(2), {[](void* self) { static_cast<Sampler*>(self)->sample(); }, this}) {
  metrics.gauge("payswitch_build_info", "Always 1; the labels say what runs", {{"version", version_text}}).set(1);
  metrics.gauge("payswitch_loops", "HTTP loops").set(static_cast<std::int64_t>(rooms.size()));
  const auto read = [&](std::string_view name, std::string_view help, double (*function)(void*)) { metrics.gauge_read(name, help, {}, function, &rooms); };
  read("payswitch_transfers_running", "Commands being worked on by coordinators", sum<&SharedCounters::running>);
  read("payswitch_transfers_waiting", "Requests waiting for a final state", sum<&SharedCounters::waiting>);
  read("payswitch_commands_accepted", "Commands accepted since start", sum<&SharedCounters::accepted>);
  read("payswitch_commands_shed", "Commands refused by coordinators for lack of room since start", sum<&SharedCounters::shed>);
  read("payswitch_credits_sent", "Credits sent to other banks since start", sum<&SharedCounters::credits_sent>);
  read("payswitch_queries_sent", "Questions asked of other banks since start", sum<&SharedCounters::queries_sent>);
  read("payswitch_cancels_sent", "Cancels sent to other banks since start", sum<&SharedCounters::cancels_sent>);
  read("payswitch_repairs_opened", "Repairs opened since start", sum<&SharedCounters::repairs_opened>);
  read("payswitch_transfers_recovered", "Open transfers taken up by recovery since start", sum<&SharedCounters::recovered>);
  read("payswitch_ledger_retries", "Ledger writes repeated because their answer was lost since start", sum<&SharedCounters::ledger_retries>);
  read("payswitch_version_conflicts", "Writes refused because the record had changed since start", sum<&SharedCounters::version_conflicts>);
  sample();
}

// A read may be answered from inside the call, so it counts as running before it is asked.
template <auto Method, class Fill>
void Sampler::ask(bool& running, ledger::ReadWhat what, Fill fill) {
  if (running) return;
  running = true;
  if (!client_.read<Method>(what, this, fill)) running = false;
}

void Sampler::sample() {
  ask<&Sampler::got_totals>(totals_running_, ledger::ReadWhat::totals, [](psw_read& read, ledger::EntryBuilder&) { read.limit = rows_max; });
  ask<&Sampler::got_in_doubt>(doubt_running_, ledger::ReadWhat::records, [](psw_read& read, ledger::EntryBuilder&) {
    read.state_mask = state_bit(TransferState::in_doubt) | state_bit(TransferState::submitted);
    read.limit = rows_max;
  });
  ask<&Sampler::got_repairs>(repairs_running_, ledger::ReadWhat::kv, [](psw_read& read, ledger::EntryBuilder& keep) {
    read.space = keep.keep(transfer::open_repair_prefix);
    read.limit = rows_max;
  });
}

void Sampler::got_totals(const ledger::ReadReply& reply) {
  totals_running_ = false;
  for (const psw_account& row : reply.rows<psw_account>()) {
    const std::string currency(currency_view(row.currency));
    Gauge*& gauge = imbalance_[currency];
    if (!gauge) gauge = &metrics_.gauge("payswitch_ledger_imbalance_minor_units", "Debits less credits over all accounts, posted and pending: must be 0", {{"currency", currency}});
    const Int128 posted = from_abi(row.debits_posted) - from_abi(row.credits_posted), pending = from_abi(row.debits_pending) - from_abi(row.credits_pending);
    const Int128 off = posted != 0 ? posted : pending;
    gauge->set(static_cast<std::int64_t>(std::clamp<Int128>(off, INT64_MIN, INT64_MAX)));
    if (off != 0 && !unbalanced_) {
      unbalanced_ = true;
      logger_.write(books_unbalanced, {{"currency", currency}, {"posted", format_total(posted)}, {"pending", format_total(pending)}});
    }
  }
}

void Sampler::got_in_doubt(const ledger::ReadReply& reply) {
  doubt_running_ = false;
  std::int64_t count = 0, attention = 0, oldest_ms = 0;
  std::pmr::monotonic_buffer_resource arena;
  json::Writer out(arena, 4096);
  out.begin_object();
  api::member_time(out, "as_of", clock_.wall_ms());
  out.key("transfers").begin_array();
  for (auto& [currency, doubt] : in_doubt_minor_) doubt.minor = 0;
  for (const psw_record& row : reply.rows<psw_record>()) {
    if (row.attention != 0) ++attention;
    if (row.state != static_cast<std::int32_t>(TransferState::in_doubt)) continue;
    ++count;
    if (oldest_ms == 0 || row.created_ms < oldest_ms) oldest_ms = row.created_ms;
    out.begin_object();
    api::member_ulid(out, "id", row.id);
    api::member_minor(out, "amount", row.money.minor);
    out.member("currency", currency_view(row.money.currency)).member("bank", view(row.bank));
    api::member_time(out, "created_at", row.created_ms);
    if (row.attention != 0) out.member("attention", name(static_cast<Attention>(row.attention)));
    if (row.next_action_ms > 0) api::member_time(out, "next_action_at", row.next_action_ms);
    out.end_object();
    const std::string currency(currency_view(row.money.currency));
    Doubt& doubt = in_doubt_minor_[currency];
    if (!doubt.gauge) doubt.gauge = &metrics_.gauge("payswitch_transfers_in_doubt_minor_units", "Money whose fate at another bank is unknown", {{"currency", currency}});
    doubt.minor += row.money.minor;
  }
  out.end_array().end_object();
  waiting_.set_in_doubt(std::string(out.text()));
  in_doubt_.set(count);
  attention_.set(attention);
  in_doubt_oldest_.set(oldest_ms == 0 ? 0 : std::max<std::int64_t>(0, (clock_.wall_ms() - oldest_ms) / 1000));
  for (auto& [currency, doubt] : in_doubt_minor_) doubt.gauge->set(doubt.minor);
}

void Sampler::got_repairs(const ledger::ReadReply& reply) {
  repairs_running_ = false;
  if (!reply.ok()) return;
  std::int64_t count = 0, oldest_ms = 0;
  std::pmr::monotonic_buffer_resource arena;
  json::Writer out(arena, 4096);
  out.begin_object();
  api::member_time(out, "as_of", clock_.wall_ms());
  out.key("repairs").begin_array();
  for (auto& [currency, open] : repairs_minor_) open.minor = 0;
  for (const psw_kv& row : reply.rows<psw_kv>()) {
    ++count;
    transfer::RepairView repair;
    if (!transfer::read_open_repair(view(row.key), view(row.value), repair)) continue;
    if (oldest_ms == 0 || repair.opened_ms < oldest_ms) oldest_ms = repair.opened_ms;
    out.begin_object();
    api::member_ulid(out, "id", repair.id);
    api::member_ulid(out, "transfer_id", repair.parent);
    api::member_minor(out, "amount", repair.money.minor);
    out.member("currency", currency_view(repair.money.currency)).member("bank", repair.bank);
    out.member("differs", repair.they_have_it ? "they_have_it" : "they_have_it_not");
    api::member_time(out, "opened_at", repair.opened_ms);
    out.end_object();
    const std::string currency(currency_view(repair.money.currency));
    Doubt& open = repairs_minor_[currency];
    if (!open.gauge) open.gauge = &metrics_.gauge("payswitch_repairs_open_minor_units", "Money of open repairs", {{"currency", currency}});
    open.minor += repair.money.minor;
  }
  out.end_array().end_object();
  waiting_.set_repairs(std::string(out.text()));
  repairs_.set(count);
  repairs_oldest_.set(oldest_ms == 0 ? 0 : std::max<std::int64_t>(0, (clock_.wall_ms() - oldest_ms) / 1000));
  for (auto& [currency, open] : repairs_minor_) open.gauge->set(open.minor);
}

}  // namespace payswitch::daemon::app

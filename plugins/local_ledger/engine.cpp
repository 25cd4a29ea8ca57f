#include "engine.h"

#include <payswitch/failpoint.h>
#include <payswitch/ids.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "token.h"

namespace payswitch::local_ledger {
namespace {

// Applies what the journal holds and makes each frame visible at once: nobody reads yet.
class ReplaySink final : public EntrySink {
 public:
  explicit ReplaySink(State& state) : state_(state) {}
  Status entry(const EntryView& entry, std::uint64_t offset) override {
    Status status = state_.apply(entry, offset);
    state_.publish(offset + entry.header().bytes, entry.header().clock_ms);
    return status;
  }

 private:
  State& state_;
};

}  // namespace

psw_i128 to_abi(Int128 value) noexcept { return psw_i128{static_cast<std::uint64_t>(value), static_cast<std::int64_t>(value >> 64)}; }

psw_account account_row(const Account& account, const AccountState& state) noexcept {
  psw_account row{};
  row.number = str(account.number->view());
  row.owner = str(state.owner->view());
  row.metadata = str(state.metadata->view());
  row.kind = state.kind;
  row.status = state.status;
  std::memcpy(row.currency, state.currency, sizeof row.currency);
  row.exponent = state.exponent;
  row.overdraft_limit = state.overdraft_limit;
  row.max_balance = state.max_balance;
  row.version = state.version;
  row.sequence = state.sequence;
  row.created_ms = state.created_ms;
  row.debits_pending = to_abi(state.counters.debits_pending);
  row.debits_posted = to_abi(state.counters.debits_posted);
  row.credits_pending = to_abi(state.counters.credits_pending);
  row.credits_posted = to_abi(state.counters.credits_posted);
  return row;
}

Engine::Engine(Storage& storage, const WallClock& clock, const Identity& identity) : storage_(storage), clock_(clock), identity_(identity) {}

Status Engine::open(Storage& storage, const WallClock& clock, const EngineOptions& options, std::unique_ptr<Engine>& out, JournalReport& report) {
  if (const int rc = storage.lock(); rc != 0) {
    if (rc == EWOULDBLOCK) return Status(storage.path("lock") + ": another process has this ledger open");
    return errno_status(storage.path("lock"), "lock", rc);
  }
  Identity identity;
  if (Status status = load_identity(storage, options.create, options.segment_bytes, options.random, identity); !status.ok()) return status;
  std::uint64_t hash_key = 0;
  options.random(&hash_key, sizeof hash_key);
  std::unique_ptr<Engine> engine(new Engine(storage, clock, identity));
  engine->state_ = std::make_unique<State>(hash_key);
  ReplaySink sink(*engine->state_);
  const JournalOptions journal_options{options.sync, options.own_thread};
  if (Status status = Journal::open(storage, identity, journal_options, sink, engine->journal_, report); !status.ok()) return status;
  engine->state_->publish(engine->journal_->durable_end(), engine->state_->clock_ms);
  engine->clock_.start(engine->state_->clock_ms);
  engine->decider_ = std::make_unique<Decider>(*engine->state_, *engine, identity.epoch);
  out = std::move(engine);
  return {};
}

std::int64_t Engine::now_ms() { return std::max(state_->clock_ms, batch_ms_); }

void Engine::begin() {
  journal_->settle();
  arena_.reset();
  first_sequence_ = state_->sequence + 1;
  batch_ms_ = clock_.tick();
}

bool Engine::entry_at(std::uint64_t offset, EntryView& out) {
  if (const std::uint8_t* collected = journal_->collected_at(offset)) {
    out = EntryView(collected);
    return true;
  }
  return load_entry(*journal_, offset, journal_->durable_end(), entry_bytes_, out);
}

void Engine::stamp(psw_reply& reply, std::uint64_t sequence, BatchArena& arena) const {
  reply.size = sizeof reply;
  reply.at = psw_history{identity_.id, identity_.epoch, sequence};
  auto* token = static_cast<char*>(arena.take(token_bytes_max));
  reply.position = psw_str{token, write_token(identity_.id, identity_.epoch, sequence, token)};
}

void Engine::answer(psw_reply& reply, std::int32_t code, std::string_view reason, std::int32_t failed) {
  const psw_handle handle = reply.handle;
  reply = psw_reply{};
  reply.handle = handle;
  reply.code = code;
  reply.failed = failed;
  reply.reason = arena_.text(reason);
  reply.clock_ms = now_ms();  // also where nothing was written: the core reckons windows and due times by what it is told here
  stamp(reply, state_->sequence, arena_);
}

// Is there room for the entry? If not, either the frame must be committed first, or `reply` says why nothing can be written now.
bool Engine::unavailable(std::size_t bytes, psw_reply& reply, Taken& taken) {
  taken = Taken::done;
  if (PSW_FAILPOINT("ledger.refuses")) {
    answer(reply, PSW_UNAVAILABLE, "read_only");
    return true;
  }
  if (poisoned_) {
    answer(reply, PSW_UNAVAILABLE, "engine_stopped");
    return true;
  }
  switch (journal_->room(bytes)) {
    case Journal::Room::yes: disk_full_ = false; return false;
    case Journal::Room::commit_first: taken = Taken::commit_first; return true;
    case Journal::Room::too_large: answer(reply, PSW_INVALID, "entry_too_large"); return true;
    case Journal::Room::none:
      disk_full_ = true;
      answer(reply, PSW_UNAVAILABLE, "read_only");
      reply.retry_after_ms = 1000;
      return true;
  }
  return true;
}

// The entry lies in journal_->space(): applies it by the same function that replays it, and counts it in.
std::uint64_t Engine::append(std::size_t bytes) {
  const std::uint64_t offset = journal_->next_offset();
  const Status status = state_->apply(EntryView(journal_->space()), offset);
  PSW_LEDGER_ASSERT(status.ok());
  journal_->accept(bytes);
  (void)PSW_FAILPOINT("ledger.after_append");
  return offset;
}

Engine::Taken Engine::write(const psw_entry& entry, psw_reply& reply) {
  const psw_entry whole = sized_copy(&entry);
  Taken taken = Taken::done;
  if (unavailable(encoded_bytes_max(whole), reply, taken)) return taken;
  const std::int64_t now = now_ms();
  const Decision decision = decider_->decide(whole, now, plan_);
  switch (decision.outcome) {
    case Outcome::reject: answer_seen(decision, reply); return Taken::done;
    case Outcome::known: answer_known(decision.known_offset, reply); return Taken::done;
    case Outcome::apply:
    case Outcome::refuse: break;
  }
  // Nothing below can fail.
  const EntryStamp entry_stamp{state_->sequence + 1, journal_->next_offset(), now};
  append(encode_entry(whole, plan_, decision, entry_stamp, journal_->space()));
  answer(reply, decision.code, decision.reason, decision.failed);
  if (decision.outcome == Outcome::apply) answer_touched(reply);
  return Taken::done;
}

void Engine::answer_touched(psw_reply& reply) {
  if (plan_.touches.empty()) return;
  auto* rows = arena_.rows<psw_account>(plan_.touches.size());
  std::uint32_t n = 0;
  for (const Touch& touch : plan_.touches) {
    const Account& account = state_->account_at(touch.index);
    rows[n++] = account_row(account, account.work);
  }
  reply.rows = list_of(rows, n);
}

// Nothing was written. If uniques were seen, they are shown as stored.
void Engine::answer_seen(const Decision& decision, psw_reply& reply) {
  answer(reply, decision.code, decision.reason, decision.failed);
  if (decision.code != PSW_EXISTS && decision.reason != "unique_conflict") return;
  auto* rows = arena_.rows<psw_unique>(plan_.uniques.size());
  std::uint32_t n = 0;
  for (std::size_t i = 0; i != plan_.uniques.size(); ++i) {
    EntryView stored;
    if (plan_.exists[i] == 0 || !entry_at(plan_.exists[i], stored)) continue;
    const psw_unique& asked = plan_.uniques[i];
    stored.each([&](const ItemView& item) {
      if (item.kind() != ItemKind::unique) return;
      const UniqueView unique = item.as_unique();
      if (unique.space != view(asked.space) || unique.key != view(asked.key)) return;
      psw_unique& row = rows[n++];
      row.space = arena_.text(unique.space);
      row.key = arena_.text(unique.key);
      row.names = arena_.text(unique.names);
      std::memcpy(row.hash, unique.fixed.hash, sizeof row.hash);
    });
  }
  reply.rows = list_of(rows, n);
}

// The first outcome of a step: code, reason and the accounts as they were after it, from the entry it left.
void Engine::answer_known(std::uint64_t offset, psw_reply& reply) {
  EntryView stored;
  if (!entry_at(offset, stored)) return answer(reply, PSW_UNAVAILABLE, "journal_unreadable");
  answer(reply, PSW_OK, {});
  stamp(reply, stored.header().sequence, arena_);
  std::size_t n = 0;
  auto* rows = arena_.rows<psw_account>(std::size_t{stored.header().items} * 2);
  const auto row_of = [&](std::uint32_t index) -> psw_account& {
    const Account& account = state_->account_at(index);
    for (std::size_t i = 0; i != n; ++i) {
      if (view(rows[i].number) == account.number->view()) return rows[i];
    }
    rows[n] = account_row(account, account.work);
    return rows[n++];
  };
  stored.each([&](const ItemView& item) {
    if (item.kind() == ItemKind::refusal) {
      const RefusalView refusal = item.as_refusal();
      reply.code = refusal.fixed.code;
      reply.failed = refusal.fixed.failed;
      reply.reason = arena_.text(refusal.reason);
    } else if (item.kind() == ItemKind::account) {
      const AccountView account = item.as_account();
      psw_account& row = row_of(account.fixed.index);
      row.version = account.fixed.version;
      row.status = account.fixed.status;
      row.overdraft_limit = account.fixed.overdraft_limit;
      row.max_balance = account.fixed.max_balance;
      row.owner = arena_.text(account.owner);
      row.metadata = arena_.text(account.metadata);
    } else if (item.kind() == ItemKind::posting) {
      const PostingView posting = item.as_posting();
      for (std::size_t side = 0; side != 2; ++side) {
        psw_account& row = row_of(side == 0 ? posting.fixed.debit : posting.fixed.credit);
        const SideCounters& after = posting.after[side];
        row.sequence = posting.fixed.side[side].account_sequence;
        row.debits_pending = to_abi(after.debits_pending);
        row.debits_posted = to_abi(after.debits_posted);
        row.credits_pending = to_abi(after.credits_pending);
        row.credits_posted = to_abi(after.credits_posted);
      }
    }
  });
  reply.rows = list_of(rows, n);
}

Status Engine::commit() {
  if (poisoned_ || journal_->collected() == 0) return {};  // a failed write is never tried again
  Status status = journal_->flush(first_sequence_, state_->clock_ms);
  if (!status.ok()) {
    poisoned_ = true;
    return status;
  }
  (void)PSW_FAILPOINT("ledger.before_publish");
  state_->publish(journal_->durable_end(), state_->clock_ms);
  (void)PSW_FAILPOINT("ledger.published");
  first_sequence_ = state_->sequence + 1;
  return {};
}

void Engine::lost(psw_reply& reply) const {
  const psw_handle handle = reply.handle;
  reply = psw_reply{};
  reply.size = sizeof reply;
  reply.handle = handle;
  reply.code = PSW_INTERNAL;
  reply.failed = -1;
  reply.reason = str("outcome_unknown");
  reply.text = str("the journal could not be written: whether this was recorded is decided by the next start; repeat it with the same step");
}

void Engine::idle() { state_->sweep(); }

Status Engine::close() {
  if (poisoned_) return {};
  return journal_->close();
}

}  // namespace payswitch::local_ledger

// What a person's decision writes: a proposal that waits for a second one, or the decision itself with everything that hangs on it.
#include <algorithm>

#include "ledger/account_names.h"
#include "transfer/decide_flow.h"
#include "transfer/repair.h"
#include "transfer/settle.h"

namespace payswitch::daemon::transfer {

namespace {
constexpr std::uint32_t tries_max = 40;
constexpr std::uint32_t rounds_max = 16;  // the record moved between reading and writing: polls of our own, mostly
constexpr std::uint64_t ms = 1'000'000;

std::string_view proposal_key(ledger::EntryBuilder& entry, const psw_id& subject) {
  char id[ulid_size];
  write_ulid(subject, id);
  return view(entry.keep("proposal/", {id, sizeof id}));
}
}  // namespace

void DecideFlow::write_proposal() {
  auto write = core_.client.begin();
  if (!write) return fail(ErrorCode::overloaded);
  expires_ms_ = core_.client.clock_ms() + proposal_ms_max;
  const std::string value = std::string(name(command_.decision)) + "\n" + person_ + "\n" + basis() + "\n" + evidence_;
  write.entry.kv(proposal_key(write.entry, command_.subject), value, proposal_.version, expires_ms_);
  core_.client.write<&DecideFlow::proposed>(write, step_, this);
}

void DecideFlow::proposed(const ledger::WriteReply& reply) {
  core_.client.saw_clock(reply.clock_ms());
  if (again(reply, [](DecideFlow* flow) { flow->write_proposal(); })) return;
  if (reply.what() != ledger::Written::applied) return fail(ErrorCode::internal);
  what_ = DecideAnswer::What::proposed;
  proposal_.person = person_;
  show();
}

// The history keeps it for ever: what was decided, by whom, what the bank said to it, and what it rests on. The first line is for everybody.
std::string DecideFlow::note() const {
  std::string out = about_repair(command_.decision) ? "closed: " + std::string(name(command_.decision)) : "resolved by a person: " + std::string(name(command_.decision));
  out += "\nby " + person_;
  if (proposal_.version != 0) out += ", proposed by " + proposal_.person;
  if (!heard_.empty()) out += "\n" + heard_;
  if (!proposal_.evidence.empty()) out += "\nevidence of " + proposal_.person + ": " + proposal_.evidence;
  if (!evidence_.empty()) out += "\nevidence of " + person_ + ": " + evidence_;
  return out;
}

void DecideFlow::write_decision() {
  auto write = core_.client.begin();
  if (!write) return fail(ErrorCode::overloaded);
  next_.copy(rec_);
  if (about_repair(command_.decision)) {
    add_repair_end(write.entry);
  } else if (!add_resolution(write.entry)) {
    core_.client.cancel(write);
    core_.notice(Notice::record_damaged, rec_.row.parent_id, rec_.bank(), "it does not count the reversal that ends");
    return fail(ErrorCode::internal);
  }
  if (proposal_.version != 0) write.entry.kv(proposal_key(write.entry, command_.subject), {}, proposal_.version);
  next_.put(write.entry, note());
  core_.client.write<&DecideFlow::decided>(write, step_, this);
}

bool DecideFlow::add_resolution(ledger::EntryBuilder& entry) {
  const bool completed = command_.decision == Decision::complete;
  if (completed) complete_record(core_, entry, rec_, next_);
  else release_record(core_, entry, rec_, next_, "resolved_by_operator");
  // Its bank is asked all the same: a word against the decision opens a repair.
  next_.row.next_action_ms = core_.client.clock_ms() + core_.settings->times.poll_first_ms;
  next_.detail.polls = 0;
  next_.row.attention = 0;  // a person has looked
  next_.detail.attention_since_ms = 0;
  return !parent_ || settle_parent(entry, *parent_, rec_.operation_money().minor, completed);
}

// A transfer of its own takes the money out of suspense (or brings it there); the repair is off every list in the same entry.
void DecideFlow::add_repair_end(ledger::EntryBuilder& entry) {
  const bool they_have_it = view(rec_.row.payer).starts_with("suspense:");
  const std::string suspense(view(they_have_it ? rec_.row.payer : rec_.row.payee));
  const std::string_view customer = parent_ ? customer_of(*parent_) : std::string_view{};
  const auto loss = ledger::writeoff_account(rec_.currency());
  const std::string_view other = command_.decision == Decision::write_off ? loss.view() : customer;
  made_from_ = they_have_it ? std::string(other) : suspense;
  made_to_ = they_have_it ? suspense : std::string(other);
  char repair[ulid_size], made[ulid_size];
  write_ulid(rec_.row.id, repair);
  write_ulid(made_, made);
  const std::uint8_t no_hash[32] = {};
  entry.unique("repaired/", {}, {repair, sizeof repair}, {made, sizeof made}, no_hash);
  entry.post(made_from_, made_to_, rec_.row.money, made_, made_);
  unlist_repair(entry, rec_.row.id, customer);

  OwnedRecord ended;
  ended.row.id = made_;
  ended.row.parent_id = rec_.row.id;
  ended.row.kind = static_cast<std::int32_t>(TransferKind::repair);
  ended.set_state(TransferState::completed);
  ended.row.payer = str(std::string_view(made_from_));
  ended.row.payee = str(std::string_view(made_to_));
  ended.row.principal = str(ledger::system_owner);
  ended.row.bank = rec_.row.bank;
  ended.row.money = rec_.row.money;
  ended.row.created_ms = core_.client.clock_ms();
  ended.detail.posted_minor = ended.detail.operation_minor = rec_.row.money.minor;
  ended.put(entry, note());

  next_.row.attention = 0;
  next_.detail.attention_since_ms = 0;
  if (parent_ && parent_->row.attention == static_cast<std::int32_t>(Attention::contradiction)) {
    OwnedRecord seen;
    seen.copy(*parent_);
    seen.row.attention = 0;
    seen.detail.attention_since_ms = 0;
    seen.put(entry, "repair closed: " + std::string(name(command_.decision)));
  }
}

void DecideFlow::decided(const ledger::WriteReply& reply) {
  core_.client.saw_clock(reply.clock_ms());
  if (again(reply, [](DecideFlow* flow) { flow->write_decision(); })) return;
  switch (reply.what()) {
    case ledger::Written::applied:
      core_.committed(rec_.row.id, rec_.row.version + 1, next_.state(), reply.at().position);
      ++(command_.decision == Decision::give_back ? core_.counters.failed : core_.counters.completed);
      return show();
    case ledger::Written::refused:
    case ledger::Written::not_allowed: return refuse("the ledger refuses it: " + std::string(reply.reason()));
    case ledger::Written::exists:
    case ledger::Written::key_reused: return refuse("this repair was closed before");
    default: return fail(ErrorCode::internal);
  }
}

bool DecideFlow::again(const ledger::WriteReply& reply, void (*write)(DecideFlow*)) {
  switch (reply.what()) {
    case ledger::Written::conflict:
      // Somebody wrote the transfer or the proposal meanwhile: everything is looked at anew.
      if (++rounds_ > rounds_max) fail(ErrorCode::version_conflict);
      else read_subject();
      return true;
    case ledger::Written::unknown:
    case ledger::Written::not_taken:
      if (++tries_ > tries_max) {
        fail(reply.what() == ledger::Written::unknown ? ErrorCode::outcome_unknown : ErrorCode::overloaded);
        return true;
      }
      ++core_.counters.ledger_retries;
      write_ = write;
      core_.timers.arm(*this, core_.now_ns() + static_cast<std::uint64_t>(core_.settings->times.step_retry_ms) * ms * std::min<std::uint32_t>(tries_, 10));
      return true;
    default: return false;
  }
}

}  // namespace payswitch::daemon::transfer

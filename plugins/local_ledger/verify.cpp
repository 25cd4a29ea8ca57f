#include "verify.h"

#include <payswitch/ids.h>
#include <payswitch/transfer_state.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "commands.h"

namespace payswitch::local_ledger {
namespace {

std::string decimal(Int128 value) {
  if (value == 0) return "0";
  const bool negative = value < 0;
  UInt128 rest = negative ? static_cast<UInt128>(-(value + 1)) + 1 : static_cast<UInt128>(value);
  std::string out;
  for (; rest != 0; rest /= 10) out.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
  if (negative) out.push_back('-');
  std::reverse(out.begin(), out.end());
  return out;
}

std::string key_of(const psw_id& id) { return std::string(reinterpret_cast<const char*>(id.b), sizeof id.b); }

std::string state_text(std::int32_t state) {
  const std::string_view text = name(static_cast<TransferState>(state));
  return text.empty() ? std::to_string(state) : std::string(text);
}

constexpr std::string_view suspense_prefix = "suspense:";

// Everything in a record that a lease must leave as it was, as one number: within one run of verify only.
std::size_t rest_of(const RecordView& record) {
  RecordItem fixed = record.fixed;
  fixed.version = fixed.previous = 0;
  fixed.item = {};
  fixed.texts = fixed.numbers = 0;  // which there are: the texts below say it
  std::string all(reinterpret_cast<const char*>(&fixed), sizeof fixed);
  all.append(reinterpret_cast<const char*>(record.parent.b), sizeof record.parent.b).append(std::to_string(record.not_after_ms));
  for (std::size_t i = 0; i != record_texts; ++i) {
    const auto text = static_cast<RecordText>(i);
    if (text != RecordText::lease_owner && text != RecordText::note) all.append(1, '\0').append(record.text(text));
  }
  return std::hash<std::string>{}(all);
}

}  // namespace

VerifySink::VerifySink() : state_(0x5bd1e9955bd1e995u) {}

// What may stand in an entry of its kind at all.
Status VerifySink::form(const EntryView& entry) const {
  Status status;
  entry.each([&](const ItemView& item) {
    const std::string where = "entry " + std::to_string(entry.header().sequence);
    const bool record = item.kind() == ItemKind::record;
    if (entry.kind() == EntryKind::lease && !record) status = Status("I9 " + where + ": a round of leases carries more than records");
    if (entry.kind() == EntryKind::refused && !record && item.kind() != ItemKind::unique && item.kind() != ItemKind::refusal) {
      status = Status("I5 " + where + ": a refusal carries more than what was asked and its record");
    }
  });
  return status;
}

Status VerifySink::entry(const EntryView& entry, std::uint64_t offset) {
  const std::uint64_t sequence = entry.header().sequence;
  Status status = form(entry);
  entry.each([&](const ItemView& item) {
    if (!status.ok()) return;
    if (item.kind() == ItemKind::unique) status = unique(item.as_unique(), sequence);
    if (item.kind() == ItemKind::record) status = record(item.as_record(), entry.header());
    if (item.kind() == ItemKind::posting) {
      const PostingItem fixed = item.as_posting().fixed;
      if (fixed.minor < 0 || fixed.released < 0) status = Status("I6 entry " + std::to_string(sequence) + ": a posting of less than nothing");
    }
  });
  if (!status.ok()) return status;
  // I3, I4: the fold of the postings must give the counters that each posting carries; a hold is resolved once, by what was held.
  if (status = state_.apply(entry, offset); !status.ok()) return Status((status.error.find("resolves a hold") != std::string::npos ? "I3 " : "I4 ") + status.error);
  entry.each([&](const ItemView& item) {
    if (!status.ok() || item.kind() != ItemKind::posting) return;
    const PostingView view = item.as_posting();
    posting(view);
    if (view.fixed.kind != PSW_P_POST && view.fixed.kind != PSW_P_HOLD) return;
    const Account& debit = state_.account_at(view.fixed.debit);
    if (debit.work.kind == PSW_ACCOUNT_CUSTOMER && debit.work.available() < 0) {
      status = Status("I2 entry " + std::to_string(sequence) + " makes available of account " + std::string(debit.number->view()) + " " + decimal(debit.work.available()));
    }
  });
  state_.publish(offset + entry.header().bytes, entry.header().clock_ms);
  return status;
}

Status VerifySink::unique(const UniqueView& unique, std::uint64_t sequence) {
  std::string key(unique.space);
  key.push_back('\0');
  key.append(unique.key);
  if (uniques_.insert(std::move(key)).second) return {};
  return Status("I5 entry " + std::to_string(sequence) + ": the unique " + std::string(unique.space) + " " + std::string(unique.key) + " was recorded before");
}

Status VerifySink::record(const RecordView& record, const EntryHeader& entry) {
  RecordFacts& facts = records_[record.fixed.slot];
  const auto from = static_cast<TransferState>(facts.state), to = static_cast<TransferState>(record.fixed.state);
  const std::string where = "entry " + std::to_string(entry.sequence) + ", record " + to_ulid(record.fixed.id);
  const bool lease = static_cast<EntryKind>(entry.kind) == EntryKind::lease;
  if (lease ? from != to : !edge_allowed(from, to)) return Status("I9 " + where + ": from " + state_text(facts.state) + " to " + state_text(record.fixed.state) + " is no allowed step");
  if (is_open(to) && record.fixed.next_action_ms == 0) return Status("I8 " + where + ": open without a next action");
  const std::size_t rest = rest_of(record);
  if (lease) {
    if (rest != facts.rest) return Status("I9 " + where + ": a lease changes more than the lease");
    if (record.lease_epoch != facts.lease_epoch + 1) return Status("I9 " + where + ": a lease without a new epoch");
    if (record.text(RecordText::lease_owner).empty() || record.lease_end_ms <= entry.clock_ms) return Status("I9 " + where + ": a lease of nobody, or one that has ended");
    if (record.fixed.next_action_ms == 0) return Status("I9 " + where + ": a lease of a record with nothing to do");
  }
  facts.state = record.fixed.state;
  facts.attention = record.fixed.attention;
  facts.lease_epoch = record.lease_epoch;
  facts.rest = rest;
  facts.repair = record.fixed.kind == static_cast<std::int32_t>(TransferKind::repair);
  return {};
}

void VerifySink::posting(const PostingView& posting) {
  ++postings_;
  const PostingItem& item = posting.fixed;
  if (item.kind == PSW_P_HOLD && item.record_slot != no_slot) {
    hold_record_[key_of(item.id)] = item.record_slot;
    records_[item.record_slot].held += item.minor;
  } else if (item.kind == PSW_P_POST_HOLD || item.kind == PSW_P_VOID_HOLD) {
    if (const auto at = hold_record_.find(key_of(posting.hold)); at != hold_record_.end()) {
      records_[at->second].held -= item.minor + item.released;
      hold_record_.erase(at);
    }
  }
  if (item.record_slot == no_slot || (item.kind != PSW_P_POST && item.kind != PSW_P_POST_HOLD)) return;
  for (const std::uint32_t side : {item.debit, item.credit}) {
    if (state_.account_at(side).number->view().starts_with(suspense_prefix)) suspense_[{item.record_slot, side}] += side == item.credit ? item.minor : -item.minor;
  }
}

// I7: what is pending on a bank's clearing account is what its open transfers hold, no more and no less.
Status VerifySink::clearing_matches() const {
  std::map<std::string, Int128> held;
  state_.holds_.each([&](const Hold& hold) {
    const std::string number(state_.account_at(hold.credit).number->view());
    if (number.starts_with("clearing:")) held[number] += hold.minor;
  });
  for (std::size_t i = 0; i != state_.accounts_.made(); ++i) {
    const Account& account = state_.accounts_[i];
    const std::string number(account.number->view());
    if (!number.starts_with("clearing:")) continue;
    const Int128 pending = account.work.counters.credits_pending;
    if (pending != held[number]) return Status("I7 " + number + ": pending " + decimal(pending) + ", holds of open transfers " + decimal(held[number]));
  }
  for (const auto& [slot, facts] : records_) {
    if (is_final(static_cast<TransferState>(facts.state)) && facts.held != 0) {
      return Status("I7 record " + to_ulid(state_.records_[slot].id) + ": " + state_text(facts.state) + ", but " + decimal(facts.held) + " is still held for it");
    }
  }
  return {};
}

// I7: what stands in suspense is what the open repairs put there.
Status VerifySink::suspense_matches() const {
  std::map<std::uint32_t, Int128> open;
  for (const auto& [place, amount] : suspense_) {
    const auto at = records_.find(place.first);
    if (at != records_.end() && at->second.repair && at->second.attention == static_cast<std::int32_t>(Attention::repair_open)) open[place.second] += amount;
  }
  for (std::uint32_t i = 0; i != state_.accounts_.made(); ++i) {
    const Account& account = state_.accounts_[i];
    if (!account.number->view().starts_with(suspense_prefix) || account.work.balance() == open[i]) continue;
    return Status("I7 " + std::string(account.number->view()) + ": balance " + decimal(account.work.balance()) + ", open repairs " + decimal(open[i]));
  }
  return {};
}

Status VerifySink::end() {
  for (std::size_t i = 0; i != state_.totals_.made(); ++i) {
    const SideCounters& total = state_.totals_[i].work;
    const std::string currency(state_.totals_[i].currency, 3);
    if (total.debits_posted != total.credits_posted) return Status("I1 " + currency + ": debits " + decimal(total.debits_posted) + ", credits " + decimal(total.credits_posted));
    if (total.debits_pending != total.credits_pending) return Status("I1 " + currency + ": pending debits " + decimal(total.debits_pending) + ", pending credits " + decimal(total.credits_pending));
  }
  if (Status status = clearing_matches(); !status.ok()) return status;
  return suspense_matches();
}

void VerifySink::count(VerifyReport& report) const {
  report.sequence = state_.sequence;
  report.accounts = state_.accounts_.made();
  report.records = state_.records_.made();
  report.postings = postings_;
  report.uniques = uniques_.size();
  report.kvs = state_.kvs_.size();
  report.open_records = state_.open_records;
  report.open_holds = state_.holds_.size();
}

Status verify(Storage& storage, VerifyReport& report) {
  Identity identity;
  if (Status status = load_identity(storage, false, 0, system_random, identity); !status.ok()) return status;
  VerifySink sink;
  Status status = Journal::inspect(storage, identity, sink, report.journal);
  if (status.ok()) status = sink.end();
  sink.count(report);
  report.violation = status.error;
  return {};
}

namespace {

// The value of one string member of a flat JSON object, as far as a path needs it.
std::string string_member(std::string_view json, std::string_view member) {
  const std::string quoted = "\"" + std::string(member) + "\"";
  std::size_t at = json.find(quoted);
  if (at == std::string_view::npos) return {};
  at = json.find_first_not_of(" \t\r\n:", at + quoted.size());
  if (at == std::string_view::npos || json[at] != '"') return {};
  std::string out;
  for (++at; at != json.size() && json[at] != '"'; ++at) {
    if (json[at] == '\\' && at + 1 != json.size()) ++at;
    out.push_back(json[at]);
  }
  return out;
}

void append_json(std::string& out, std::string_view key, std::string_view value, bool quote) {
  out.append(out.back() == '{' ? "\"" : ",\"").append(key).append("\":");
  if (!quote) {
    out.append(value);
    return;
  }
  out.push_back('"');
  for (const char c : value) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (static_cast<unsigned char>(c) < 0x20) {
      out.push_back(' ');
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

}  // namespace

std::int32_t verify_command(const std::string& configured, std::string_view args, bool json, std::string& out) {
  const std::string given = string_member(args, "directory");
  const std::string& directory = given.empty() ? configured : given;
  std::unique_ptr<Storage> storage;
  VerifyReport report;
  Status status = open_directory(directory, false, storage);
  if (status.ok()) status = verify(*storage, report);
  const std::pair<const char*, std::uint64_t> counts[] = {
      {"sequence", report.sequence}, {"segments", report.journal.segments}, {"frames", report.journal.frames},     {"entries", report.journal.entries},
      {"bytes", report.journal.bytes}, {"accounts", report.accounts},       {"records", report.records},           {"postings", report.postings},
      {"uniques", report.uniques},   {"kvs", report.kvs},                   {"open_records", report.open_records}, {"open_holds", report.open_holds},
      {"torn_tail_bytes", report.journal.cut_bytes}};
  const bool good = status.ok() && report.violation.empty();
  if (json) {
    out = "{";
    append_json(out, "ok", good ? "true" : "false", false);
    append_json(out, "directory", directory, true);
    for (const auto& [key, value] : counts) append_json(out, key, std::to_string(value), false);
    if (!status.ok()) append_json(out, "error", status.error, true);
    if (!report.violation.empty()) append_json(out, "violation", report.violation, true);
    out += "}";
  } else {
    out = good ? "ledger verify: ok" : "ledger verify: " + (status.ok() ? report.violation : status.error);
    if (status.ok()) {
      for (const auto& [key, value] : counts) out += std::string("\n  ") + key + " " + std::to_string(value);
    }
    out += "\n";
  }
  return !status.ok() ? PSW_UNAVAILABLE : good ? PSW_OK : PSW_RULE;
}

}  // namespace payswitch::local_ledger

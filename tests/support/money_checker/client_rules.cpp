// C4, C8: what clients were told, against the books and the clock.
#include <algorithm>
#include <map>

#include "support/money_checker/findings.h"

namespace payswitch::test {
namespace {

bool is_act(OperationKind kind) noexcept { return kind == OperationKind::post || kind == OperationKind::void_hold || kind == OperationKind::cancel; }

// A hold has its effect when it is made, whatever becomes of it.
bool held(const BookTransfer& transfer) { return transfer.kind == OperationKind::hold && transfer.state != "rejected"; }

// All answers to one key.
struct Told {
  bool ok = false, fail = false, accepted = false, info = false;
  OperationKind kind = OperationKind::transfer;
  std::int64_t amount = 0;
  const Operation* first_final = nullptr;
  bool may_have_worked() const noexcept { return ok || accepted || info; }
  bool worked() const noexcept { return ok || accepted; }
};

void hear(Findings& f, Told& told, const Operation& operation) {
  told.kind = operation.kind;
  told.amount = operation.amount;
  switch (operation.outcome) {
    case Outcome::ok: told.ok = true; break;
    case Outcome::fail: told.fail = true; break;
    case Outcome::accepted: told.accepted = true; return;
    case Outcome::info: told.info = true; return;
  }
  if (operation.body.empty()) return;
  if (told.first_final == nullptr) told.first_final = &operation;
  else if (told.first_final->body != operation.body)
    f.add("C4", "key " + operation.key + " was answered twice with different bodies: " + told.first_final->body + " and " + operation.body, operation.sequence);
}

}  // namespace

void check_keys(Findings& f) {
  std::unordered_set<std::string> acted;  // transfers with posted money
  for (const auto* posting : f.postings)
    if (moves_balance(*posting)) acted.insert(posting->transfer_id);
  std::unordered_map<std::string, Told> keys;
  for (const auto& operation : f.history.operations) {
    if (!operation.state.empty() && is_final_state(operation.state)) {
      const auto found = f.by_id.find(operation.transfer_id);
      if (found != f.by_id.end() && found->second->state != operation.state)
        f.add("C4", "transfer " + operation.transfer_id + " was told to be " + operation.state + " and is " + found->second->state, operation.sequence);
    }
    if (operation.key.empty() || is_act(operation.kind)) continue;
    hear(f, keys[operation.key], operation);
    const auto found = f.by_key.find(operation.key);
    if (!operation.transfer_id.empty() && operation.outcome != Outcome::info && (found == f.by_key.end() || found->second.front()->id != operation.transfer_id))
      f.add("C4", "key " + operation.key + " was answered with transfer " + operation.transfer_id + ", which the books do not have for it", operation.sequence);
  }
  for (const auto& [key, told] : keys) {
    std::size_t effects = 0, recorded = 0;
    const auto found = f.by_key.find(key);
    if (found != f.by_key.end()) {
      recorded = found->second.size();
      for (const auto* transfer : found->second) effects += acted.contains(transfer->id) || held(*transfer) ? 1u : 0u;
    }
    const std::uint64_t at = recorded == 0 ? 0 : found->second.front()->sequence;
    if (told.ok && told.fail) f.add("C4", "key " + key + " was answered ok and refused", at);
    if (told.ok && effects != 1) f.add("C4", "key " + key + " was acknowledged and has " + std::to_string(effects) + " effects", at);
    if (told.accepted && recorded != 1) f.add("C4", "key " + key + " was accepted and is in the books " + std::to_string(recorded) + " times", at);
    if (told.fail && !told.ok && effects != 0) f.add("C4", "key " + key + " was refused and has an effect", at);
    if (effects > 1 || recorded > 1) f.add("C4", "key " + key + " has " + std::to_string(effects) + " effects in " + std::to_string(recorded) + " transfers", at);
  }
  for (const auto& [key, transfers] : f.by_key)
    if (!key.empty() && !keys.contains(key)) f.add("C4", "the books know key " + key + ", which no client sent", transfers.front()->sequence);
}

void check_acts(Findings& f) {
  std::unordered_map<std::string, std::map<std::string, Told>> by_target;
  for (const auto& operation : f.history.operations)
    if (is_act(operation.kind) && !operation.target.empty()) hear(f, by_target[operation.target][operation.key], operation);
  const std::map<std::string, Told> nobody;
  for (const auto& [id, acts] : by_target)
    if (!f.by_id.contains(id)) f.add("C4", "transfer " + id + " was acted upon and is not in the books", 0);
  for (const auto& transfer : f.books.transfers) {
    if (transfer.kind != OperationKind::hold && transfer.kind != OperationKind::transfer) continue;
    const auto found = by_target.find(transfer.id);
    const auto& acts = found != by_target.end() ? found->second : nobody;
    std::size_t takers = 0;
    bool may_post = false, may_void = false, may_cancel = false;
    for (const auto& [key, told] : acts) {
      const bool posts = told.kind == OperationKind::post, voids = told.kind == OperationKind::void_hold;
      if (told.ok && told.fail) f.add("C4", "key " + key + " was answered ok and refused", transfer.sequence);
      if ((posts || voids) && told.worked()) ++takers;
      (posts ? may_post : voids ? may_void : may_cancel) |= told.may_have_worked();
      if (posts && told.worked() && transfer.state == "completed" && told.amount != transfer.amount)
        f.add("C4", "key " + key + " posted " + std::to_string(told.amount) + " of transfer " + transfer.id + ", the books have " + std::to_string(transfer.amount), transfer.sequence);
      if (voids && told.ok && transfer.state != "voided") f.add("C4", "key " + key + " voided transfer " + transfer.id + ", which is " + transfer.state, transfer.sequence);
      if (posts && told.ok && transfer.state != "completed") f.add("C4", "key " + key + " posted transfer " + transfer.id + ", which is " + transfer.state, transfer.sequence);
    }
    if (takers > 1) {
      std::string who;
      for (const auto& [key, told] : acts)
        who += ", " + key + (told.kind == OperationKind::post ? " post " + std::to_string(told.amount) : told.kind == OperationKind::void_hold ? " void" : " cancel") +
               (told.ok ? " ok" : "") + (told.accepted ? " accepted" : "") + (told.fail ? " refused" : "") + (told.info ? " unknown" : "");
      f.add("C4", "transfer " + transfer.id + ", now " + transfer.state + ", was resolved by " + std::to_string(takers) + " keys" + who, transfer.sequence);
    }
    const bool left_held = transfer.kind == OperationKind::hold && (transfer.state == "completed" || !transfer.op_id.empty());
    if (left_held && !may_post) f.add("C4", "hold " + transfer.id + " was posted and nobody asked for it", transfer.sequence);
    if (transfer.state == "voided" && transfer.reason == "voided" && !may_void) f.add("C4", "hold " + transfer.id + " was voided and nobody asked for it", transfer.sequence);
    if (transfer.state == "voided" && transfer.reason == "cancelled" && !may_cancel) f.add("C4", "transfer " + transfer.id + " was cancelled and nobody asked for it", transfer.sequence);
  }
}

void check_waiting(Findings& f) {
  for (const auto& operation : f.history.operations) {
    if (operation.wait_ms == 0) continue;
    const std::int64_t took_ms = static_cast<std::int64_t>(operation.t1 - operation.t0) / 1'000'000;
    if (took_ms <= 2 * operation.wait_ms) continue;
    const bool excused = std::any_of(f.history.stopped.begin(), f.history.stopped.end(), [&](const auto& stop) { return operation.t0 < stop.second && stop.first < operation.t1; });
    if (!excused)
      f.add("C8", "key " + operation.key + " took " + std::to_string(took_ms) + " ms, its client was willing to wait " + std::to_string(operation.wait_ms), operation.sequence);
  }
}

}  // namespace payswitch::test

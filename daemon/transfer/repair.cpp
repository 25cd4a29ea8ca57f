#include "transfer/repair.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "ledger/account_names.h"
#include "transfer/limits.h"

namespace payswitch::daemon::transfer {

namespace {
constexpr ledger::Refusal counted{PSW_CONFLICT, "too many repairs"};  // never: the counter has no limit
constexpr std::uint32_t rows_max = 500;

std::string_view kv_key(ledger::EntryBuilder& entry, const psw_id& repair) {
  char id[ulid_size];
  write_ulid(repair, id);
  return view(entry.keep(open_repair_prefix, {id, sizeof id}));
}

template <class Number>
bool read_number(std::string_view text, Number& out) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}
}  // namespace

void open_repair(Core& core, ledger::EntryBuilder& entry, const psw_id& repair, const OwnedRecord& parent, std::string_view bank, bool they_have_it,
                 const psw_id& op_id, const psw_history& theirs) {
  const auto currency = parent.currency();
  const auto clearing = ledger::clearing_account(bank, currency), suspense = ledger::suspense_account(bank, currency);
  const std::string_view debit = they_have_it ? suspense : clearing, credit = they_have_it ? clearing : suspense;
  const auto money = parent.operation_money();

  // One per parent, bank and direction, for ever.
  char parent_text[ulid_size], repair_text[ulid_size];
  write_ulid(parent.row.id, parent_text);
  write_ulid(repair, repair_text);
  const std::uint8_t no_hash[32] = {};
  const auto key = entry.keep({parent_text, sizeof parent_text}, "/", bank, "/", they_have_it ? "out" : "in");
  entry.unique("repair/", {}, view(key), {repair_text, sizeof repair_text}, no_hash);
  entry.guard_counter(view(entry.keep(open_repairs_prefix, customer_of(parent))), 1, INT64_MAX, 0, counted);
  entry.post(debit, credit, money, repair, repair);

  OwnedRecord linked;
  linked.row.id = repair;
  linked.row.parent_id = parent.row.id;
  linked.row.kind = static_cast<std::int32_t>(TransferKind::repair);
  linked.set_state(TransferState::completed);
  linked.row.attention = static_cast<std::int32_t>(Attention::repair_open);
  linked.row.payer = str(debit);
  linked.row.payee = str(credit);
  linked.row.principal = str(ledger::system_owner);
  linked.row.bank = str(bank);
  linked.row.money = money;
  linked.row.created_ms = core.client.clock_ms();
  linked.detail.posted_minor = money.minor;
  linked.detail.operation_minor = money.minor;
  linked.detail.op_id = op_id;
  linked.detail.peer = theirs;
  linked.detail.attention_since_ms = linked.row.created_ms;
  linked.put(entry, "opened");

  std::string listed;
  for (const std::string_view part : {std::string_view(parent_text, sizeof parent_text), bank, currency}) listed.append(part).push_back('\t');
  listed.append(std::to_string(money.minor)).append("\t").append(std::to_string(money.exponent)).append("\t").append(std::to_string(linked.row.created_ms));
  listed.append(they_have_it ? "\tout\t" : "\tin\t").append(customer_of(parent));
  entry.kv(kv_key(entry, repair), listed, 0);
}

void unlist_repair(ledger::EntryBuilder& entry, const psw_id& repair, std::string_view customer) {
  entry.guard_counter(view(entry.keep(open_repairs_prefix, customer)), -1, INT64_MAX, 0, counted);
  entry.kv(kv_key(entry, repair), {}, 1);  // written once, when it was opened
}

bool read_open_repair(std::string_view key, std::string_view value, RepairView& out) noexcept {
  out = RepairView{};
  if (!key.starts_with(open_repair_prefix)) return false;
  const auto id = parse_ulid(key.substr(open_repair_prefix.size()));
  std::array<std::string_view, 8> parts;
  for (auto& part : parts) {
    const auto tab = value.find('\t');
    part = value.substr(0, tab);
    value = tab == std::string_view::npos ? std::string_view{} : value.substr(tab + 1);
  }
  const auto parent = parse_ulid(parts[0]);
  if (!id || !parent || !currency_code_ok(parts[2])) return false;
  out.id = *id;
  out.parent = *parent;
  out.bank = parts[1];
  set_currency(out.money.currency, parts[2]);
  out.they_have_it = parts[6] == "out";
  out.customer = parts[7];
  return read_number(parts[3], out.money.minor) && read_number(parts[4], out.money.exponent) && read_number(parts[5], out.opened_ms);
}

void RepairsFlow::start(const RepairsQuery& query, Reply<RepairsAnswer> reply) {
  reply_ = reply;
  rows_.clear();
  limit_ = std::clamp<std::uint32_t>(query.limit, 1, rows_max);
  ++core_.counters.running;
  const bool asked = core_.client.read<&RepairsFlow::got>(ledger::ReadWhat::kv, this, [&](psw_read& read, ledger::EntryBuilder& keep) {
    read.space = keep.keep(open_repair_prefix);
    if (!query.after.empty()) read.after = keep.keep(open_repair_prefix, query.after);
    read.limit = limit_;
  });
  RepairsAnswer refused;
  refused.code = ErrorCode::overloaded;
  if (!asked) finish(refused);
}

void RepairsFlow::got(const ledger::ReadReply& reply) {
  RepairsAnswer answer;
  if (!reply.ok()) {
    answer.code = ErrorCode::overloaded;
    return finish(answer);
  }
  const auto rows = reply.rows<psw_kv>();
  for (const auto& row : rows) {
    RepairView shown;
    if (read_open_repair(view(row.key), view(row.value), shown)) rows_.push_back(shown);
    else core_.notice(Notice::record_damaged, shown.id, {}, "an entry of the list of repairs cannot be read");
    answer.next = view(row.key).substr(open_repair_prefix.size());
  }
  if (rows.size() != limit_) answer.next = {};
  answer.repairs = rows_;
  finish(answer);
}

void RepairsFlow::finish(const RepairsAnswer& answer) {
  --core_.counters.running;
  reply_(answer);
  core_.repair_lists->give_back(this);
}

}  // namespace payswitch::daemon::transfer

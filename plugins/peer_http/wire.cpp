#include "wire.h"

#include <payswitch/credit_hash.h>
#include <payswitch/ids.h>
#include <payswitch/money.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "json.h"

namespace payswitch::peer_http {
namespace {

constexpr std::size_t text_bytes_max = 256;  // of any string member: account numbers and references are far shorter

std::string hex(const std::uint8_t (&bytes)[32]) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t b : bytes) {
    out += digits[b >> 4];
    out += digits[b & 15];
  }
  return out;
}
bool read_hash(std::string_view text, std::uint8_t (&out)[32]) {
  if (text.size() != 64) return false;
  const auto high = parse_hex(text.substr(0, 32)), low = parse_hex(text.substr(32));
  if (!high || !low) return false;
  std::memcpy(out, high->b, 16);
  std::memcpy(out + 16, low->b, 16);
  return true;
}
// An id that may be absent: true and zero then.
bool read_id(Members& in, std::string_view name, psw_id& out) {
  if (!in.has(name)) return true;
  const auto id = parse_hex(in.text(name));
  if (id) out = *id;
  return id.has_value();
}
bool read_scale(std::int64_t scale, psw_money& out) {
  out.exponent = static_cast<std::int32_t>(scale);
  return scale >= 0 && scale <= 18;  // more than any table has: a strange scale is refused on record or seen in the echo, not unreadable
}
bool short_text(std::string_view text) { return text.size() <= text_bytes_max; }

void add_credit(JsonText& out, const psw_credit& c) {
  out.text("amount", format_minor(c.money.minor)).text("currency", currency_view(c.money.currency)).integer("scale", c.money.exponent);
  out.text("payer", view(c.payer)).text("payee", view(c.payee));
  if (!empty(c.reference)) out.text("reference", view(c.reference));
  if (!is_zero(c.reverses)) out.text("reverses", to_hex(c.reverses));
  out.integer("accepted", c.accepted_ms).integer("not_after", c.not_after_ms).text("hash", hex(c.hash));
}

std::optional<ReadCredit> credit_from(Members& in, const psw_id& op_id) {
  ReadCredit out;
  credit_in& c = out.credit;
  c.op_id = op_id;
  const auto minor = parse_minor(in.text("amount"));
  const std::string currency = in.text("currency");
  const bool scale = read_scale(in.integer("scale"), c.money);
  c.payer = in.text("payer");
  c.payee = in.text("payee");
  c.reference = in.maybe_text("reference");
  const bool reverses = read_id(in, "reverses", c.reverses);
  c.accepted_ms = in.integer("accepted");
  c.not_after_ms = in.integer("not_after");
  std::uint8_t sent[32];
  if (!read_hash(in.text("hash"), sent) || !in.done() || !minor || !currency_code_ok(currency) || !scale || !reverses || is_zero(op_id)) return std::nullopt;
  if (!short_text(c.payer) || !short_text(c.payee) || !short_text(c.reference) || c.accepted_ms < 0 || c.not_after_ms < 0) return std::nullopt;
  c.money.minor = *minor;
  set_currency(c.money.currency, currency);
  const Sha256Digest hash = credit_hash(c.op_id, str(c.payer), str(c.payee), c.money, c.reverses);
  std::memcpy(c.hash, hash.data(), sizeof c.hash);
  out.hash_right = same_hash(c.hash, sent);
  return out;
}

std::string_view word_of(Outcome outcome) { return outcome == Outcome::applied ? "applied" : outcome == Outcome::pending ? "pending" : "refused"; }
std::optional<Outcome> outcome_from(std::string_view word) {
  if (word == "applied") return Outcome::applied;
  if (word == "refused") return Outcome::refused;
  if (word == "pending") return Outcome::pending;
  return std::nullopt;
}

bool zero(const std::uint8_t (&hash)[32]) { return std::all_of(std::begin(hash), std::end(hash), [](std::uint8_t b) { return b == 0; }); }

// A tombstone knows its op_id only: what is empty in the record is absent on the wire.
void add_record(JsonText& out, const decision& d) {
  out.text("op_id", to_hex(d.op_id)).text("decision", word_of(d.word));
  if (!d.code.empty()) out.text("code", d.code);
  if (d.money.minor != 0) out.text("amount", format_minor(d.money.minor)).text("currency", currency_view(d.money.currency)).integer("scale", d.money.exponent);
  if (!d.payer.empty()) out.text("payer", d.payer);
  if (!d.payee.empty()) out.text("payee", d.payee);
  if (!is_zero(d.reverses)) out.text("reverses", to_hex(d.reverses));
  if (!zero(d.hash)) out.text("hash", hex(d.hash));
  if (!d.peer_reference.empty()) out.text("reference", d.peer_reference);
  if (d.decided_ms != 0) out.integer("decided", d.decided_ms);
  out.integer("position", static_cast<std::int64_t>(d.theirs.position));
}

// op_id and decision were read by the caller.
bool record_from(Members& in, decision& d) {
  d.code = in.maybe_text("code");
  if (in.has("amount")) {
    const auto minor = parse_minor(in.text("amount"));
    const std::string currency = in.text("currency");
    if (!minor || !currency_code_ok(currency) || !read_scale(in.integer("scale"), d.money)) return false;
    d.money.minor = *minor;
    set_currency(d.money.currency, currency);
  }
  d.payer = in.maybe_text("payer");
  d.payee = in.maybe_text("payee");
  if (!read_id(in, "reverses", d.reverses)) return false;
  if (in.has("hash") && !read_hash(in.text("hash"), d.hash)) return false;
  d.peer_reference = in.maybe_text("reference");
  d.decided_ms = in.maybe_integer("decided");
  const std::int64_t position = in.integer("position");
  d.theirs.position = static_cast<std::uint64_t>(position);
  return position >= 0 && short_text(d.code) && short_text(d.payer) && short_text(d.payee) && short_text(d.peer_reference);
}

void add_word(JsonText& out, const Word& w) {
  switch (w.kind) {
    case Word::Kind::record:
      add_record(out, w.record);
      if (!w.error.empty()) out.text("error", w.error);
      break;
    case Word::Kind::none: out.text("op_id", to_hex(w.op_id)).text("decision", "none").integer("position", static_cast<std::int64_t>(w.record.theirs.position)); break;
    case Word::Kind::not_recorded:
      if (!is_zero(w.op_id)) out.text("op_id", to_hex(w.op_id));
      out.boolean("recorded", false).text("error", w.error);
      if (w.retry_after_ms != 0) out.integer("retry_after_ms", w.retry_after_ms);
      break;
  }
}

std::optional<Word> word_from(const Json& json) {
  Members in(json);
  Word out;
  if (in.has("recorded")) {
    const bool recorded = in.boolean("recorded");
    out.error = in.text("error");
    const std::int64_t retry = in.maybe_integer("retry_after_ms");
    if (!read_id(in, "op_id", out.op_id) || !in.done() || recorded || retry < 0 || retry > 3'600'000) return std::nullopt;
    out.retry_after_ms = static_cast<std::uint32_t>(retry);
    return out;
  }
  const auto id = parse_hex(in.text("op_id"));
  if (!id) return std::nullopt;
  out.op_id = out.record.op_id = *id;
  const std::string word = in.text("decision");
  if (word == "none") {
    out.kind = Word::Kind::none;
    const std::int64_t position = in.integer("position");
    out.record.theirs.position = static_cast<std::uint64_t>(position);
    return in.done() && position >= 0 ? std::optional(out) : std::nullopt;
  }
  const auto outcome = outcome_from(word);
  if (!outcome || !record_from(in, out.record)) return std::nullopt;
  out.kind = Word::Kind::record;
  out.record.word = *outcome;
  out.error = in.maybe_text("error");
  // Money that was credited is named, and so is the reason of a refusal: a record without them is none.
  if (*outcome == Outcome::applied && (out.record.money.minor == 0 || zero(out.record.hash) || !out.record.code.empty())) return std::nullopt;
  if (*outcome == Outcome::refused && out.record.code.empty()) return std::nullopt;
  return in.done() ? std::optional(out) : std::nullopt;
}

}  // namespace

std::string write_credit(const psw_credit& credit) {
  JsonText out;
  out.open();
  add_credit(out, credit);
  return out.close().take();
}
std::string write_batch(const std::vector<const psw_credit*>& credits) {
  JsonText out;
  out.open().open_array("credits");
  for (const psw_credit* c : credits) {
    out.open().text("op_id", to_hex(c->op_id));
    add_credit(out, *c);
    out.close();
  }
  return out.close_array().close().take();
}

std::optional<ReadCredit> read_credit(std::string_view body, const psw_id& op_id) {
  const auto json = Json::parse(body);
  if (!json) return std::nullopt;
  Members in(*json);
  return credit_from(in, op_id);
}
std::optional<std::vector<ReadCredit>> read_batch(std::string_view body) {
  const auto json = Json::parse(body);
  if (!json) return std::nullopt;
  Members in(*json);
  const Json* all = in.array("credits");
  if (all == nullptr || !in.done() || all->elements.empty() || all->elements.size() > batch_credits_max) return std::nullopt;
  std::vector<ReadCredit> out;
  std::set<psw_id, IdLess> seen;
  for (const Json& one : all->elements) {
    Members members(one);
    const auto op_id = parse_hex(members.text("op_id"));
    if (!op_id || !seen.insert(*op_id).second) return std::nullopt;
    auto credit = credit_from(members, *op_id);
    if (!credit) return std::nullopt;
    out.push_back(std::move(*credit));
  }
  return out;
}

std::string write_word(const Word& word) {
  JsonText out;
  out.open();
  add_word(out, word);
  return out.close().take();
}
std::string write_words(const std::vector<Word>& words) {
  JsonText out;
  out.open().open_array("decisions");
  for (const Word& w : words) {
    out.open();
    add_word(out, w);
    out.close();
  }
  return out.close_array().close().take();
}
std::optional<Word> read_word(std::string_view body) {
  const auto json = Json::parse(body);
  return json ? word_from(*json) : std::nullopt;
}
std::optional<std::vector<Word>> read_words(std::string_view body) {
  const auto json = Json::parse(body);
  if (!json) return std::nullopt;
  Members in(*json);
  const Json* all = in.array("decisions");
  if (all == nullptr || !in.done() || all->elements.size() > batch_credits_max) return std::nullopt;
  std::vector<Word> out;
  std::set<psw_id, IdLess> seen;
  for (const Json& one : all->elements) {
    auto word = word_from(one);
    if (!word || is_zero(word->op_id) || !seen.insert(word->op_id).second) return std::nullopt;
    out.push_back(std::move(*word));
  }
  return out;
}

std::string write_hello(const Hello& h) {
  JsonText out;
  out.open().text("bank", h.bank).text("ledger", to_hex(h.history.ledger)).integer("epoch", static_cast<std::int64_t>(h.history.epoch));
  out.integer("position", static_cast<std::int64_t>(h.history.position)).integer("time", h.clock_ms).open_array("currencies");
  for (const psw_money& m : h.currencies) out.open().text("currency", currency_view(m.currency)).integer("scale", m.exponent).close();
  return out.close_array().close().take();
}
std::optional<Hello> read_hello(std::string_view body) {
  const auto json = Json::parse(body);
  if (!json) return std::nullopt;
  Members in(*json);
  Hello out;
  out.bank = in.text("bank");
  const auto ledger = parse_hex(in.text("ledger"));
  const std::int64_t epoch = in.integer("epoch"), position = in.integer("position");
  out.clock_ms = in.integer("time");
  const Json* currencies = in.array("currencies");
  if (!ledger || epoch < 0 || position < 0 || currencies == nullptr || !in.done()) return std::nullopt;
  out.history = psw_history{*ledger, static_cast<std::uint64_t>(epoch), static_cast<std::uint64_t>(position)};
  for (const Json& one : currencies->elements) {
    Members members(one);
    psw_money m{};
    const std::string code = members.text("currency");
    if (!read_scale(members.integer("scale"), m) || !members.done() || !currency_code_ok(code)) return std::nullopt;
    set_currency(m.currency, code);
    out.currencies.push_back(m);
  }
  return out;
}

std::string write_lookup(const Lookup& l) {
  JsonText out;
  out.open().boolean("may_be_credited", l.may_be_credited);
  if (!l.name.empty()) out.text("name", l.name);
  if (!l.code.empty()) out.text("code", l.code);
  return out.close().take();
}
std::optional<Lookup> read_lookup(std::string_view body) {
  const auto json = Json::parse(body);
  if (!json) return std::nullopt;
  Members in(*json);
  Lookup out;
  out.may_be_credited = in.boolean("may_be_credited");
  out.name = in.maybe_text("name");
  out.code = in.maybe_text("code");
  return in.done() && short_text(out.name) && short_text(out.code) ? std::optional(out) : std::nullopt;
}

std::string write_page(const Page& page) {
  JsonText out;
  out.open().open_array("records");
  for (const decision& d : page.records) {
    out.open().text("direction", d.direction == 2 ? "in" : "out");
    add_record(out, d);
    out.close();
  }
  return out.close_array().text("next", page.next).close().take();
}
std::optional<Page> read_page(std::string_view body) {
  const auto json = Json::parse(body);
  if (!json) return std::nullopt;
  Members in(*json);
  Page out;
  out.next = in.text("next");
  const Json* all = in.array("records");
  if (all == nullptr || !in.done() || all->elements.size() > reconcile_records_max || (!out.next.empty() && !plain_token(out.next))) return std::nullopt;
  for (const Json& one : all->elements) {
    Members members(one);
    decision d;
    const std::string direction = members.text("direction");
    const auto op_id = parse_hex(members.text("op_id"));
    const auto outcome = outcome_from(members.text("decision"));
    if (!op_id || !outcome || !record_from(members, d) || !members.done() || (direction != "in" && direction != "out")) return std::nullopt;
    d.op_id = *op_id;
    d.word = *outcome;
    d.direction = direction == "in" ? 1 : 2;  // what came in at them is what they credited for us
    out.records.push_back(std::move(d));
  }
  return out;
}

bool plain_token(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == ':' || c == '~';
  });
}

}  // namespace payswitch::peer_http

#include "forger.h"

#include <payswitch/credit_hash.h>
#include <payswitch/ids.h>

#include <cstring>

#include "peer_http/history.h"
#include "peer_http/http_signature.h"
#include "peer_http/wire.h"

namespace payswitch::simulation::peers {
namespace {

std::string header(const HttpSeen& request, std::string_view name) {
  for (const auto& [key, value] : request.headers)
    if (key == name) return value;
  return {};
}

// Of "https://jh.test:8443/peer/v1/credits/…".
peer_http::RequestParts parts_of(const HttpSeen& request) {
  peer_http::RequestParts out;
  const auto scheme = std::string_view("https://").size();
  const auto slash = request.target.find('/', scheme);
  out.method = request.method;
  out.authority = request.target.substr(scheme, slash - scheme);
  peer_http::split_target(std::string_view(request.target).substr(slash), out);
  out.digest = header(request, "Content-Digest");
  out.history = header(request, "Payswitch-History");
  out.signature = header(request, "Signature").substr(4);  // after psw=
  return out;
}

}  // namespace

Forger::Forger(Timeline& timeline, std::string key_id) : timeline_(timeline), key_id_(std::move(key_id)) { wallet_.hold({key_id_}, {}); }

std::optional<HttpReply> Forger::answer(const HttpSeen& request) {
  const auto at = request.target.find("/credits/");
  const auto op_id = at == std::string::npos ? std::nullopt : parse_hex(std::string_view(request.target).substr(at + 9));
  if (!op_id) return std::nullopt;
  peer_http::Word word;
  word.kind = peer_http::Word::Kind::record;
  word.op_id = word.record.op_id = *op_id;
  const auto credit = request.method == "PUT" ? peer_http::read_credit(request.body, *op_id) : std::nullopt;
  if (credit && timeline_.chance(500)) {
    word.record.word = Outcome::applied;
    word.record.money = credit->credit.money;
    word.record.payer = credit->credit.payer;
    word.record.payee = credit->credit.payee;
    std::memcpy(word.record.hash, credit->credit.hash, sizeof word.record.hash);
  } else {
    word.record.word = Outcome::refused;
    word.record.code = "cancelled";
    word.record.money.exponent = 0;
    set_currency(word.record.money.currency, "KRW");
  }
  HttpReply out{.phase = PSW_HTTP_DONE, .status = 200, .body = peer_http::write_word(word), .headers = {}, .delay_ns = 0};
  if (timeline_.chance(300)) return out;  // without a signature
  const auto asked = parts_of(request);
  const auto asked_input = peer_http::parse_input(header(request, "Signature-Input"));
  peer_http::History history;
  history.sender.ledger = derive_id(7, {"a ledger of nobody"});
  history.sender.epoch = 1;
  history.sender.position = 1;
  peer_http::AnswerParts parts;
  parts.status = out.status;
  parts.digest = peer_http::content_digest(out.body);
  parts.history = peer_http::write_history(history);
  const auto created_s = asked_input ? asked_input->created_s : 0;
  const auto input = peer_http::make_input(peer_http::answer_components, created_s, created_s + 60, key_id_);
  std::uint8_t signature[64];
  wallet_.sign(peer_http::answer_base(input, parts, asked).value(), signature);
  out.headers = {{"Content-Digest", parts.digest}, {"Payswitch-History", parts.history}, {"Signature-Input", "psw=" + input.text}, {"Signature", "psw=" + peer_http::signature_text(signature)}};
  return out;
}

HttpSeen Forger::request(std::string_view to, std::string_view payer, std::string_view payee, std::int64_t minor, std::int64_t wall_ms) {
  psw_credit credit{};
  credit.size = sizeof credit;
  for (auto& byte : credit.op_id.b) byte = static_cast<std::uint8_t>(timeline_.below(256));
  credit.payer = str(payer);
  credit.payee = str(payee);
  credit.money.minor = minor;
  set_currency(credit.money.currency, "KRW");
  credit.accepted_ms = wall_ms;
  credit.not_after_ms = wall_ms + 600'000;
  const auto hash = credit_hash(credit);
  std::memcpy(credit.hash, hash.data(), sizeof credit.hash);
  HttpSeen out;
  out.method = "PUT";
  out.target = "https://" + std::string(to) + ".test:8443" + std::string(peer_http::base_path) + "credits/" + to_hex(credit.op_id);
  out.body = peer_http::write_credit(credit);
  peer_http::History history;
  history.sender.ledger = derive_id(7, {"a ledger of nobody"});
  history.sender.epoch = 1;
  history.sender.position = 1;
  peer_http::RequestParts parts;
  parts.method = out.method;
  parts.authority = std::string(to) + ".test:8443";
  peer_http::split_target(std::string_view(out.target).substr(out.target.find('/', 8)), parts);
  parts.digest = peer_http::content_digest(out.body);
  parts.history = peer_http::write_history(history);
  const auto input = peer_http::make_input(peer_http::request_components, wall_ms / 1000, wall_ms / 1000 + 60, key_id_);
  std::uint8_t signature[64];
  wallet_.sign(peer_http::request_base(input, parts).value(), signature);
  out.headers = {{"Content-Digest", parts.digest}, {"Payswitch-History", parts.history}, {"Signature-Input", "psw=" + input.text}, {"Signature", "psw=" + peer_http::signature_text(signature)}};
  return out;
}

}  // namespace payswitch::simulation::peers

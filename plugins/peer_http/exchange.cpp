// Signing what we say and checking what the other bank says, for both directions.
#include <payswitch/failpoint.h>
#include <payswitch/ids.h>

#include <algorithm>
#include <utility>

#include "connector.h"
#include "mutant.h"

namespace payswitch::peer_http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// The one header field of this name; empty if it is missing, empty or there twice.
std::string_view only(const std::vector<header>& headers, std::string_view name) {
  const header* found = nullptr;
  for (const header& h : headers) {
    if (!std::equal(h.name.begin(), h.name.end(), name.begin(), name.end(), [](char a, char b) { return lower(a) == b; })) continue;
    if (found != nullptr) return {};
    found = &h;
  }
  return found == nullptr ? std::string_view{} : std::string_view(found->value);
}

psw_to_verify to_verify(const SignatureInput& input, const SignatureValue& value, const std::string& base) {
  psw_to_verify out{};
  out.key_id = str(input.key_id);
  out.message = str(base);
  std::memcpy(out.signature, value.bytes, sizeof out.signature);
  return out;
}

}  // namespace

void Connector::complain(std::string_view id, std::string_view code, int status) const {
  const std::string number = std::to_string(status);
  log(id == "PEER-003" ? PSW_LOG_ERROR : PSW_LOG_WARNING, id, {{str("bank"), str(bank_)}, {str("code"), str(code)}, {str("status"), str(number)}});
}

task<void> Connector::learn_history() {
  const psw_history nothing{};
  const hello_answer us = co_await inbound_hello(nothing);
  if (us.ok()) saw_history(us.history);
}

// The key id is part of what is signed, and the host chooses the key: when it has changed since the last time, once more.
task<std::optional<std::pair<SignatureInput, std::string>>> Connector::sign_request(const RequestParts& parts) {
  std::optional<std::pair<SignatureInput, std::string>> out;
  for (int tries = 0; tries != 3; ++tries) {
    const std::int64_t created_s = wall_ms() / 1000;
    SignatureInput input = make_input(request_components, created_s, created_s + window_ms_ / 1000, key_id_);
    std::vector<std::string> messages;
    messages.push_back(request_base(input, parts).value());
    const auto answer = co_await sign(std::move(messages));
    if (!answer.ok() || answer.signatures.size() != 1) break;
    const bool same_key = answer.signatures[0].key_id == input.key_id;
    key_id_ = answer.signatures[0].key_id;
    if (!same_key) continue;
    out.emplace(std::move(input), signature_text(answer.signatures[0].bytes));
    break;
  }
  co_return out;
}

task<Heard> Connector::exchange(Question q) {
  Heard out;
  if (is_zero(ours_.ledger)) co_await learn_history();
  RequestParts parts;
  parts.method = q.method;
  parts.authority = authority_;
  split_target(q.target, parts);
  parts.digest = content_digest(q.body);
  saw_history(q.ours);  // the highest that anybody here knows: a position of ours that seems to fall would look like lost history
  History history;
  history.sender = ours_;
  history.peer = q.their_ledger;
  parts.history = write_history(history);
  const auto signature = co_await sign_request(parts);
  if (!signature) {
    out.why = "no_signing_key";
    co_return out;
  }
  parts.signature = signature->second;

  http_request request_out(q.method, origin_ + q.target);
  request_out.body = q.body;
  request_out.body_max = answer_max_;
  request_out.call_deadline_ns = q.deadline_ns;
  request_out.tls_profile = tls_profile_;
  if (!q.body.empty()) request_out.headers.emplace_back("Content-Type", "application/json");
  request_out.headers.emplace_back("Content-Digest", parts.digest);
  request_out.headers.emplace_back("Payswitch-History", parts.history);
  request_out.headers.emplace_back("Signature-Input", std::string(signature_label) + "=" + signature->first.text);
  request_out.headers.emplace_back("Signature", std::string(signature_label) + "=" + parts.signature);
  if (PSW_FAILPOINT("peer.before_request")) {
    out.why = "not_begun";
    co_return out;
  }
  add(exchanges_metric_);
  const http_response answer = co_await request(std::move(request_out));
  out.left = !answer.not_sent();
  if (!answer.complete() || PSW_FAILPOINT("peer.answered")) {
    out.why = answer.phase == PSW_HTTP_NONE ? "not_begun" : answer.phase == PSW_HTTP_DNS ? "dns" : answer.phase == PSW_HTTP_CONNECT ? "connect" : answer.phase == PSW_HTTP_TLS ? "tls" : "no_answer";
    co_return out;
  }
  out.status = answer.status;
  out.body = answer.body;
  co_await judge_answer(q, parts, answer, out);
  if (!out.trusted) {
    add(unbelieved_metric_);
    complain(out.why == "wrong_ledger" ? "PEER-003" : "PEER-002", out.why, out.status);
  }
  co_return out;
}

// Sets `trusted`, or `why` not.
task<void> Connector::judge_answer(const Question& q, const RequestParts& asked, const http_response& answer, Heard& out) {
  if (mutant("unsigned_answers_are_believed")) {
    out.trusted = true;
    co_return;
  }
  const auto input = parse_input(only(answer.headers, "signature-input"));
  const auto value = parse_signature(only(answer.headers, "signature"));
  AnswerParts parts;
  parts.status = answer.status;
  parts.digest = only(answer.headers, "content-digest");
  parts.history = only(answer.headers, history_name);
  const auto history = parse_history(parts.history);
  out.why = "not_signed";
  if (!input || !value || !history) co_return;
  out.why = "digest_mismatch";
  if (parts.digest != content_digest(answer.body)) co_return;
  out.why = "signature_components";
  const auto base = answer_base(*input, parts, asked);
  if (!base) co_return;
  std::vector<psw_to_verify> items;
  items.push_back(to_verify(*input, *value, *base));
  const auto checked = co_await verify(std::move(items));
  out.why = "signature_invalid";
  if (!checked.ok() || checked.verdicts.size() != 1 || checked.verdicts[0].code != Code::ok) co_return;
  out.why = "wrong_bank";
  if (checked.verdicts[0].bank != bank_ && !mutant("any_bank_may_answer")) co_return;
  out.clock_ms = input->created_s * 1000;
  saw_clock(out.clock_ms);  // also when it is too far away to be believed: then somebody must see it
  out.why = complaint(*input, wall_ms(), window_ms_);
  if (!out.why.empty()) co_return;
  out.why = "wrong_ledger";
  if (!is_zero(q.their_ledger) && !same(q.their_ledger, history->sender.ledger)) co_return;
  out.why.clear();
  out.trusted = true;
  out.key_id = input->key_id;
  out.theirs = history->sender;
}

task<Caller> Connector::authenticate(const http_in& in) {
  Caller out;
  const auto input = parse_input(only(in.headers, "signature-input"));
  const auto value = parse_signature(only(in.headers, "signature"));
  out.parts.method = in.method;
  out.parts.authority = normal_authority(in.authority);
  split_target(in.target, out.parts);
  out.parts.digest = only(in.headers, "content-digest");
  out.parts.history = only(in.headers, history_name);
  if (value) out.parts.signature = value->text;
  const auto history = parse_history(out.parts.history);
  out.status = 403;
  out.code = "certificate_missing";
  if (in.peer_spki.empty()) co_return out;
  out.status = 401;
  out.code = "signature_missing";
  if (!input || !value || !history) co_return out;
  out.code = "digest_mismatch";
  if (out.parts.digest != content_digest(in.body)) co_return out;
  out.code = "signature_components";
  const auto base = request_base(*input, out.parts);
  if (!base || input->expires_s == 0) co_return out;
  out.code = complaint(*input, wall_ms(), window_ms_);
  if (!out.code.empty()) co_return out;
  std::vector<psw_to_verify> items;
  items.push_back(to_verify(*input, *value, *base));
  const auto checked = co_await verify(std::move(items));
  out.code = "signature_invalid";
  if (!checked.ok() || checked.verdicts.size() != 1 || checked.verdicts[0].code != Code::ok) co_return out;
  // The host gave us this request because the certificate is this bank's; the key must be too.
  out.status = 403;
  out.code = "wrong_bank";
  if (checked.verdicts[0].bank != bank_ && !mutant("any_bank_may_ask")) co_return out;
  if (is_zero(ours_.ledger)) co_await learn_history();
  out.key_id = input->key_id;
  out.history = *history;
  out.status = 409;
  out.code = "wrong_ledger";
  if (!is_zero(history->peer) && !is_zero(ours_.ledger) && !same(history->peer, ours_.ledger)) co_return out;
  out.status = 0;
  out.code = {};
  co_return out;
}

// An answer to a request without a readable signature has nothing to bind itself to and goes unsigned: it decides nothing anyway.
task<http_answer> Connector::sign_answer(int status, std::string body, const Caller& caller) {
  http_answer out(status, body);
  if (!body.empty()) out.headers.emplace_back("Content-Type", "application/json");
  if (caller.parts.signature.empty()) co_return out;
  if (PSW_FAILPOINT("peer.before_signing")) co_return out;
  AnswerParts parts;
  parts.status = status;
  parts.digest = content_digest(body);
  History history;
  history.sender = ours_;
  history.peer = caller.history.sender.ledger;
  parts.history = write_history(history);
  for (int tries = 0; tries != 3; ++tries) {
    const std::int64_t created_s = wall_ms() / 1000;
    const SignatureInput input = make_input(answer_components, created_s, created_s + window_ms_ / 1000, key_id_);
    std::vector<std::string> messages;
    messages.push_back(answer_base(input, parts, caller.parts).value());
    const auto signature = co_await sign(std::move(messages));
    if (!signature.ok() || signature.signatures.size() != 1) break;
    const bool same_key = signature.signatures[0].key_id == input.key_id;
    key_id_ = signature.signatures[0].key_id;
    if (!same_key) continue;
    out.headers.emplace_back("Content-Digest", parts.digest);
    out.headers.emplace_back("Payswitch-History", parts.history);
    out.headers.emplace_back("Signature-Input", std::string(signature_label) + "=" + input.text);
    out.headers.emplace_back("Signature", std::string(signature_label) + "=" + signature_text(signature.signatures[0].bytes));
    break;
  }
  co_return out;
}

}  // namespace payswitch::peer_http

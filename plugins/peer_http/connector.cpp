#include "connector.h"

namespace payswitch::peer_http {
namespace {

// "https://host:port", nothing behind it: what is signed is what the peer's listener sees, so nobody may rewrite a path on the way.
std::string_view authority_in(std::string_view url) {
  std::string_view rest = url;
  if (rest.starts_with("https://")) rest.remove_prefix(8);
  else if (rest.starts_with("http://")) rest.remove_prefix(7);
  else throw option_error("url", "must begin with https:// (or http:// for trials on one machine)");
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.empty() || rest.find_first_of("/?#@") != std::string_view::npos) throw option_error("url", "must be an origin, https://host:port, without path, query or user");
  return rest;
}

}  // namespace

void Connector::configure(const config& options) {
  bank_ = options.bank();
  our_bank_ = options.our_bank();
  if (bank_.empty()) throw option_error("", "this connector needs a bank: bank = \"…\" beside plugin");
  const std::string_view url = options.url("url");
  const std::string_view authority = authority_in(url);
  origin_ = url.substr(0, url.find("://") + 3);
  origin_ += authority;
  authority_ = normal_authority(authority);
  tls_profile_ = options.tls_profile();
  timeout_ = options.duration("timeout");
  batch_max_ = static_cast<std::size_t>(options.integer("batch_max"));
  exchanges_max_ = static_cast<std::size_t>(options.integer("exchanges_max"));
  requests_max_ = static_cast<std::size_t>(options.integer("requests_max"));
  answer_max_ = static_cast<std::uint32_t>(options.bytes("answer_max"));
  window_ms_ = options.duration("signature_window") / std::chrono::milliseconds(1);
  skew_ms_ = options.duration("skew_allowance") / std::chrono::milliseconds(1);
  lookups_per_second_ = options.integer("lookups_per_second");

  sent_metric_ = metric(PSW_METRIC_COUNTER, "payswitch_peer_credits_sent_total", "Credits that were put on the wire.");
  exchanges_metric_ = metric(PSW_METRIC_COUNTER, "payswitch_peer_exchanges_total", "Signed calls to the peer.");
  unbelieved_metric_ = metric(PSW_METRIC_COUNTER, "payswitch_peer_answers_unbelieved_total", "Answers that decide nothing: not signed by that bank, or unreadable.");
  served_metric_ = metric(PSW_METRIC_COUNTER, "payswitch_peer_requests_served_total", "Authentic requests of the peer.");
  refused_metric_ = metric(PSW_METRIC_COUNTER, "payswitch_peer_requests_refused_total", "Requests that were not authentic, or above a bound.");
  offset_metric_ = metric(PSW_METRIC_GAUGE, "payswitch_peer_clock_offset_milliseconds", "The peer's clock minus ours, as its last signature shows it, to a second.");

  if (!options.boolean("serve")) return;
  for (const std::string_view method : {"PUT", "GET", "DELETE"}) route("peer", method, "/peer/v1/credits/");
  route("peer", "POST", "/peer/v1/credits:batch");
  for (const std::string_view path : {"/peer/v1/accounts/", "/peer/v1/reconcile", "/peer/v1/hello"}) route("peer", "GET", path);
}

void Connector::saw_history(const psw_history& at) noexcept {
  // Never backwards within one life of the ledger: answers overtake each other, and a position that falls is how lost history looks.
  if (at.epoch == 0 && at.position == 0) return;
  const bool other = at.epoch != ours_.epoch || std::memcmp(at.ledger.b, ours_.ledger.b, sizeof at.ledger.b) != 0;
  if (at.epoch < ours_.epoch) return;
  if (other || at.position > ours_.position) ours_ = at;
}

void Connector::saw_clock(std::int64_t clock_ms) {
  const std::int64_t offset = clock_ms - wall_ms();
  set(offset_metric_, offset);
  const bool skewed = offset > skew_ms_ || offset < -skew_ms_;
  if (skewed == skewed_) return;
  skewed_ = skewed;
  if (!skewed) return ready(PSW_READY_UP);
  const std::string text = std::to_string(offset);
  log(PSW_LOG_WARNING, "PEER-004", {{str("bank"), str(bank_)}, {str("offset_ms"), str(text)}});
  ready(PSW_READY_DEGRADED, "clock_skew");
}

}  // namespace payswitch::peer_http

#include "support/bank_client.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

namespace payswitch::test {
namespace {

Reply read(HttpAnswer answer) {
  Reply out;
  boost::json::error_code error;
  out.body = boost::json::parse(answer.body, error);
  if (error) out.body = nullptr;
  out.http = std::move(answer);
  return out;
}

std::string cash_body(std::string_view account, std::int64_t minor) {
  return "{\"account\":\"" + std::string(account) + "\",\"amount\":\"" + std::to_string(minor) + "\",\"currency\":\"KRW\"}";
}

std::string transfer_body(std::string_view payer, std::string_view payee, std::int64_t minor, std::string_view more) {
  return "{\"payer\":\"" + std::string(payer) + "\",\"payee\":\"" + std::string(payee) + "\",\"amount\":\"" + std::to_string(minor) + "\",\"currency\":\"KRW\"" + std::string(more) + "}";
}

}  // namespace

std::string Reply::text(std::string_view member) const {
  if (!body.is_object()) return {};
  const auto* found = body.get_object().if_contains(member);
  if (!found) return {};
  return found->is_string() ? std::string(found->get_string()) : boost::json::serialize(*found);
}

std::int64_t Reply::minor(std::string_view member) const {
  const std::string digits = text(member);
  return digits.empty() ? -1 : std::strtoll(digits.c_str(), nullptr, 10);
}

std::string BankClient::new_key() {
  static std::atomic<std::uint64_t> counter{0};
  return "test-" + std::to_string(getpid()) + "-" + std::to_string(counter.fetch_add(1));
}

Reply BankClient::get(std::string_view target, HeaderList headers) {
  if (!token_.empty()) headers.emplace_back("Authorization", "Bearer " + token_);
  return read(http_.request("GET", target, headers));
}

Reply BankClient::post(std::string_view target, std::string_view body, std::string_view key, HeaderList headers) {
  if (!token_.empty()) headers.emplace_back("Authorization", "Bearer " + token_);
  headers.emplace_back("Idempotency-Key", key.empty() ? new_key() : std::string(key));
  return read(http_.request("POST", target, headers, body));
}

std::string BankClient::open(std::string_view currency) { return post("/v1/accounts", "{\"currency\":\"" + std::string(currency) + "\"}").text("number"); }
Reply BankClient::deposit(std::string_view account, std::int64_t minor, std::string_view key) { return post("/v1/deposits", cash_body(account, minor), key); }
Reply BankClient::withdraw(std::string_view account, std::int64_t minor, std::string_view key) { return post("/v1/withdrawals", cash_body(account, minor), key); }
Reply BankClient::pay(std::string_view payer, std::string_view payee, std::int64_t minor, std::string_view key) {
  return post("/v1/transfers", transfer_body(payer, payee, minor, ""), key);
}
Reply BankClient::hold(std::string_view payer, std::string_view payee, std::int64_t minor, std::string_view key) {
  return post("/v1/transfers", transfer_body(payer, payee, minor, ",\"mode\":\"hold\""), key);
}
std::int64_t BankClient::balance(std::string_view account) { return get("/v1/accounts/" + std::string(account) + "/balance").minor("balance"); }
std::int64_t BankClient::available(std::string_view account) { return get("/v1/accounts/" + std::string(account) + "/balance").minor("available"); }

}  // namespace payswitch::test

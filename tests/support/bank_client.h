// A customer of the API in verbs: a.deposit("mj-1", 100). Keys are made unless given; answers are JSON.
#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "support/http_client.h"

namespace payswitch::test {

struct Reply {
  HttpAnswer http;
  boost::json::value body;  // null when the body is not JSON

  int status() const { return http.status; }
  // Members as text; empty when absent. A number is written in digits.
  std::string text(std::string_view member) const;
  std::string code() const { return text("code"); }
  std::int64_t minor(std::string_view member) const;  // −1 when absent
};

// One thread each; any number of them at once.
class BankClient {
 public:
  explicit BankClient(std::uint16_t port, std::string token = {}) : http_(port), token_(std::move(token)) {}

  Reply get(std::string_view target, HeaderList headers = {});
  // `key` empty: a new one.
  Reply post(std::string_view target, std::string_view body, std::string_view key = {}, HeaderList headers = {});

  // The account's number.
  std::string open(std::string_view currency = "KRW");
  Reply deposit(std::string_view account, std::int64_t minor, std::string_view key = {});
  Reply withdraw(std::string_view account, std::int64_t minor, std::string_view key = {});
  Reply pay(std::string_view payer, std::string_view payee, std::int64_t minor, std::string_view key = {});
  Reply hold(std::string_view payer, std::string_view payee, std::int64_t minor, std::string_view key = {});
  std::int64_t balance(std::string_view account);
  std::int64_t available(std::string_view account);

  HttpClient& http() noexcept { return http_; }
  static std::string new_key();

 private:
  HttpClient http_;
  std::string token_;
};

}  // namespace payswitch::test

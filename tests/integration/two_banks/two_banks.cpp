#include "integration/two_banks/two_banks.h"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <payswitch/ids.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace payswitch::test {
namespace {

constexpr auto look_again = std::chrono::milliseconds(30);

boost::json::value parsed(const std::string& text) {
  boost::json::error_code error;
  auto out = boost::json::parse(text, error);
  return error ? boost::json::value() : out;
}

const boost::json::value* member(const boost::json::value& of, std::string_view name) { return of.is_object() ? of.get_object().if_contains(name) : nullptr; }

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size())) ++n;
  return n;
}

}  // namespace

std::string id_of(const Reply& reply) {
  const auto id = reply.text("id");
  return id.empty() ? reply.text("transfer_id") : id;
}

bool within(int seconds, const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  for (;;) {
    if (holds()) return true;
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(look_again);
  }
}

// ---- one bank ----

BankClient& TestBank::api() {
  if (!client_) client_ = std::make_unique<BankClient>(daemon().port());
  return *client_;
}

Reply TestBank::pay(std::int64_t minor, std::string_view key, int wait, const std::string& payee, const std::string& more) {
  return api().post("/v1/transfers",
                    R"({"payer":")" + account() + R"(","payee":")" + (payee.empty() ? other() + "-1" : payee) + R"(","amount":")" + std::to_string(minor) + R"(","currency":"KRW")" + more + "}",
                    key, {{"Prefer", "wait=" + std::to_string(wait)}});
}

Reply TestBank::show(const std::string& id, int wait) { return api().get("/v1/transfers/" + id, {{"Prefer", "wait=" + std::to_string(wait)}}); }

std::string TestBank::wait_for(const std::string& id, std::string_view wanted, int seconds) {
  std::string now;
  within(seconds, [&] { return (now = state(id)) == wanted; });
  return now;
}

std::string TestBank::final_state(const std::string& id, int seconds) {
  std::string now;
  within(seconds, [&] {
    now = state(id);
    return now != "submitted" && now != "in_doubt" && now != "held" && !now.empty();
  });
  return now;
}

std::int64_t TestBank::open_transfers() {
  std::size_t n = 0;
  for (const char* one : {"submitted", "in_doubt"}) {
    const auto answer = daemon().control(R"({"command":"transfer list","args":{"limit":"500","state":")" + std::string(one) + R"("}})");
    if (answer.find("\"ok\":true") == std::string::npos) return -1;
    n += count(answer, "\"payee\":");
  }
  return static_cast<std::int64_t>(n);
}

std::int64_t TestBank::counter(const std::string& number, const std::string& name) const {
  const auto answer = parsed(daemon().control(R"({"command":"account show","args":{"number":")" + number + R"("}})"));
  const auto* result = member(answer, "result");
  const auto* money = result != nullptr ? member(*result, name) : nullptr;
  const auto* minor = money != nullptr ? member(*money, "minor") : nullptr;
  if (minor == nullptr) return 0;  // an account that no money has touched yet
  return minor->is_string() ? std::strtoll(minor->get_string().c_str(), nullptr, 10) : minor->to_number<std::int64_t>();
}

std::int64_t TestBank::clearing(const std::string& counter_name, const std::string& bank) const {
  return counter("clearing:" + (bank.empty() ? other() : bank) + ":KRW", counter_name);
}

std::int64_t TestBank::metric(const std::string& name_with_labels) {
  HttpClient http(daemon().admin_port());
  const std::string page = "\n" + http.get("/metrics").body;
  const auto at = page.find("\n" + name_with_labels + " ");
  return at == std::string::npos ? -1 : std::strtoll(page.c_str() + at + name_with_labels.size() + 2, nullptr, 10);
}

std::size_t TestBank::logged(std::string_view text) const { return count(daemon().log(), text); }

std::string TestBank::ctl(const std::string& arguments, int* status) const {
  std::string out;
  const int rc = daemon().ctl(arguments, out);
  if (status != nullptr) *status = rc;
  return out;
}

psw_history TestBank::their_history() const {
  const auto said = daemon().control(R"({"command":"connector","args":{"name":")" + other() + R"(-http","command":"hello"}})");
  const auto value_of = [&](std::string_view name) {
    const auto at = said.find(name);
    return at == std::string::npos ? std::string() : said.substr(said.find_first_of("0123456789abcdef", at + name.size()));
  };
  psw_history out{};
  out.ledger = parse_hex(value_of("ledger").substr(0, id_hex_size)).value_or(psw_id{});
  out.epoch = std::strtoull(value_of("epoch").c_str(), nullptr, 10);
  out.position = std::strtoull(value_of("position").c_str(), nullptr, 10);
  return out;
}

psw_id TestBank::op_id(std::string_view key) const { return derive_op_id(code(), "dev", key, "credit", other()); }

void TestBank::arm(const std::string& rules) const {
  const std::string fresh = failpoints_ + ".new";
  std::ofstream(fresh) << rules << "\n";
  std::filesystem::rename(fresh, failpoints_);
}

std::size_t TestBank::hits(std::string_view name, std::string_view what) const {
  return count("\n" + DaemonProcess::read_file(failpoints_ + ".hits"), "\n" + std::string(name) + " " + std::string(what));
}

void TestBank::forget_hits() const { std::filesystem::remove(failpoints_ + ".hits"); }

bool TestBank::died(int seconds) {
  client_.reset();
  const int status = daemon().wait_for_exit(seconds);
  return status == -SIGKILL;
}

// ---- both ----

TwoBanks::TwoBanks(TwoBanksOptions options) {
  char name[] = "/tmp/payswitch-two-banks-XXXXXX";
  if (!mkdtemp(name)) std::abort();
  folder_ = name;
  auto& banks = options.banks;
  banks.codes = {"mj", "jh"};
  if (!options.third.empty()) banks.codes.push_back(options.third);
  banks.connector += "not_after = \"" + options.not_after + "\"\n";
  banks.extra += "[recovery]\n" + options.recovery;
  if (options.proxies) {
    banks.address = [this](const std::string& us, const std::string& them, std::uint16_t port) {
      const bool of_both = (us == "mj" && them == "jh") || (us == "jh" && them == "mj");
      if (!of_both) return "127.0.0.1:" + std::to_string(port);
      auto& proxy = proxies_[them == "jh" ? 0 : 1];
      if (!proxy) proxy = std::make_unique<FaultProxy>(port);
      return "127.0.0.1:" + std::to_string(proxy->port());
    };
  }
  const auto adjust = banks.adjust;
  banks.adjust = [this, adjust](const std::string& code, DaemonOptions& daemon) {
    daemon.environment = "PSW_FAILPOINTS=" + folder_ + "/" + code;
    if (adjust) adjust(code, daemon);
  };
  banks_ = std::make_unique<PeerBanks>(banks);
  mj_ = std::make_unique<TestBank>(*banks_, 0, folder_ + "/mj");
  jh_ = std::make_unique<TestBank>(*banks_, 1, folder_ + "/jh");
}

TwoBanks::~TwoBanks() {
  if (::testing::Test::HasFailure())
    for (auto* bank : {mj_.get(), jh_.get()}) std::fprintf(stderr, "---- log of %s ----\n%s\n", bank->code().c_str(), bank->daemon().log().c_str());
  mj_.reset();
  jh_.reset();
  banks_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

bool TwoBanks::start() {
  for (const std::size_t one : {0u, 1u})
    if (!banks_->daemon(one).start()) return false;
  for (auto* bank : {mj_.get(), jh_.get()}) {
    for (const int n : {1, 2})
      if (bank->api().post("/v1/accounts", R"({"currency":"KRW","number":")" + bank->account(n) + R"("})").status() != 201) return false;
    if (bank->api().deposit(bank->account(), start_minor).status() != 201) return false;
  }
  return true;
}

std::int64_t TwoBanks::customers() {
  std::int64_t sum = 0;
  for (auto* bank : {mj_.get(), jh_.get()})
    for (const int n : {1, 2}) sum += bank->balance(n);
  return sum;
}

void TwoBanks::settle(int seconds) {
  for (auto* bank : {mj_.get(), jh_.get()}) bank->arm("");
  for (auto& proxy : proxies_)
    if (proxy) proxy->heal();
  for (auto* bank : {mj_.get(), jh_.get()}) {
    const bool all_final = within(seconds, [&] { return bank->open_transfers() == 0; });
    EXPECT_TRUE(all_final) << bank->open_transfers() << " transfers of " << bank->code() << " are still open: " << bank->api().get("/v1/transfers?state=submitted,in_doubt").http.body;
  }
  EXPECT_EQ(customers(), 2 * start_minor) << "money was made or lost";
  EXPECT_EQ(mj_->clearing(), -jh_->clearing()) << "what the banks owe each other differs";
  EXPECT_EQ(mj_->balance(1) + mj_->balance(2) + mj_->clearing(), start_minor);
  for (auto* bank : {mj_.get(), jh_.get()})
    for (const char* side : {"debits_pending", "credits_pending"}) EXPECT_EQ(bank->clearing(side), 0) << bank->code() << ' ' << side;
  verify_books();
}

void TwoBanks::verify_books() {
  EXPECT_EQ(banks_->terminate_all(), 0);
  for (auto* bank : {mj_.get(), jh_.get()}) {
    int status = -1;
    const std::string said = bank->ctl("ledger verify " + bank->daemon().folder() + "/books --plugin " + bank->daemon().plugin_folder() + "/local_ledger.so", &status);
    EXPECT_EQ(status, 0) << bank->code() << ": " << said;
  }
}

}  // namespace payswitch::test

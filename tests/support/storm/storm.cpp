#include "support/storm/storm.h"

#include <boost/json/value.hpp>

#include <chrono>
#include <random>
#include <stdexcept>
#include <unordered_map>

#include "support/bank_client.h"

namespace payswitch::test {
namespace {

using namespace std::chrono_literals;

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

// "1f2e3d4c.1.4711" → 4711: the last number of the ledger's consistency token.
std::uint64_t sequence_of(const std::string& position) {
  const auto dot = position.rfind('.');
  return dot == std::string::npos ? 0 : std::strtoull(position.c_str() + dot + 1, nullptr, 10);
}

std::string text(const boost::json::object& object, std::string_view member) {
  const auto* found = object.if_contains(member);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}
std::int64_t minor(const boost::json::object& object, std::string_view member) { return std::strtoll(text(object, member).c_str(), nullptr, 10); }
std::uint64_t number(const boost::json::object& object, std::string_view member) {
  const auto* found = object.if_contains(member);
  return found != nullptr && found->is_int64() ? static_cast<std::uint64_t>(found->get_int64()) : 0;
}

// Every page of a list.
template <class Each>
void pages(BankClient& client, const std::string& target, std::string_view member, Each each) {
  std::string cursor;
  do {
    const Reply page = client.get(target + (cursor.empty() ? "" : "&cursor=" + cursor));
    if (page.status() != 200) throw std::runtime_error("GET " + target + ": " + std::to_string(page.status()) + " " + page.http.body);
    for (const auto& row : page.body.as_object().at(member).as_array()) each(row.as_object());
    cursor = text(page.body.as_object(), "next");
  } while (!cursor.empty());
}

}  // namespace

class Storm::Client {
 public:
  Client(const Storm& storm, int process)
      : storm_(storm), process_(process), bank_(storm.settings_.port), random_(storm.settings_.seed * 1'000 + static_cast<std::uint64_t>(process)) {}

  void run() {
    while (!storm_.stopping_.load(std::memory_order_relaxed)) {
      const auto dice = pick(100);
      if (dice < 55) pay();
      else if (dice < 67) cash(OperationKind::deposit, "/v1/deposits");
      else if (dice < 80) cash(OperationKind::withdraw, "/v1/withdrawals");
      else if (dice < 90) hold();
      else read();
    }
  }

  std::vector<Operation> operations;

 private:
  std::uint64_t pick(std::uint64_t bound) { return random_() % bound; }
  const std::string& any_account() { return storm_.accounts_[pick(storm_.accounts_.size())]; }
  // Mostly small; now and then more than anybody has, so that refusals are part of every run.
  std::int64_t any_amount() { return static_cast<std::int64_t>(pick(12) == 0 ? 1'000'000'000 + pick(1000) : 1 + pick(400)); }

  void pay() {
    const std::string payer = any_account();
    std::string payee = any_account();
    while (payee == payer) payee = any_account();
    const std::int64_t amount = any_amount();
    money(OperationKind::transfer, "/v1/transfers", payer, payee, amount,
          R"("payer":")" + payer + R"(","payee":")" + payee + R"(","currency":"KRW")", true);
  }

  void cash(OperationKind kind, const char* target) {
    const std::string account = any_account();
    const std::int64_t amount = kind == OperationKind::deposit ? static_cast<std::int64_t>(1 + pick(400)) : any_amount();
    money(kind, target, kind == OperationKind::deposit ? "cash:KRW" : account, kind == OperationKind::deposit ? account : "cash:KRW", amount,
          R"("account":")" + account + R"(","currency":"KRW")", true);
  }

  void hold() {
    const std::string payer = any_account();
    std::string payee = any_account();
    while (payee == payer) payee = any_account();
    const std::int64_t amount = static_cast<std::int64_t>(1 + pick(400));
    const Operation& held = money(OperationKind::hold, "/v1/transfers", payer, payee, amount,
                                  R"("payer":")" + payer + R"(","payee":")" + payee + R"(","currency":"KRW","mode":"hold")", true);
    if (held.outcome != Outcome::ok) return;
    const std::string id = held.transfer_id;
    const bool post = pick(2) == 0;
    money(OperationKind::post, "/v1/transfers/" + id + (post ? "/post" : "/void"), payer, payee, amount, "", false);
  }

  void read() {
    Operation operation;
    operation.process = process_;
    operation.kind = OperationKind::read;
    operation.payer = any_account();
    operation.asked_sequence = sequence_of(position_);
    HeaderList headers;
    if (!position_.empty()) headers.emplace_back("Payswitch-Position", position_);
    operation.t0 = now_ns();
    const Reply answer = bank_.get("/v1/accounts/" + operation.payer + "/balance", headers);
    operation.t1 = now_ns();
    if (answer.status() != 200) return;
    operation.outcome = Outcome::ok;
    remember(answer, operation);
    operations.push_back(std::move(operation));
  }

  void remember(const Reply& answer, Operation& operation) {
    const std::string position = answer.http.header("Payswitch-Position");
    operation.sequence = sequence_of(position);
    if (!position.empty()) position_ = position;
  }

  // One operation, repeated under its key until its outcome is known (or the storm ends). Each try is an operation of its own.
  // `keyed`: the key stands for a transfer in the books; a post or void has a key too, but no transfer of its own.
  Operation money(OperationKind kind, const std::string& target, const std::string& payer, const std::string& payee, std::int64_t amount,
                  const std::string& members, bool keyed) {
    const std::string key = "s" + std::to_string(storm_.settings_.seed) + "p" + std::to_string(process_) + "n" + std::to_string(++made_);
    const std::string body = keyed ? "{" + members + R"(,"amount":")" + std::to_string(amount) + R"(","reference":")" + key + R"("})" : "{}";
    const std::uint64_t give_up = now_ns() + 60'000'000'000u;
    int repeats = keyed && pick(20) == 0 ? 1 : 0;  // some ask again although they know: the answer must be the same
    for (;;) {
      Operation operation;
      operation.process = process_;
      operation.kind = kind;
      operation.key = keyed ? key : std::string();
      operation.payer = payer;
      operation.payee = payee;
      operation.amount = amount;
      operation.t0 = now_ns();
      const Reply answer = bank_.post(target, body, key);
      operation.t1 = now_ns();
      remember(answer, operation);
      const int status = answer.status();
      const bool known = status >= 200 && status < 500 && status != 429 && status != 409;
      if (known) {
        operation.outcome = status < 300 ? Outcome::ok : Outcome::fail;
        operation.code = answer.code();
        operation.transfer_id = answer.text(status < 300 ? "id" : "transfer_id");
        operation.body = kind == OperationKind::hold ? std::string() : answer.http.body;  // an open hold answers with its present state
        if (status < 300 && kind != OperationKind::hold && answer.body.is_object())
          if (const auto* balances = answer.body.get_object().if_contains("balances"))
            for (const auto& row : balances->as_array())
              operation.after.push_back({text(row.as_object(), "account"), minor(row.as_object(), "balance"), minor(row.as_object(), "available")});
      }
      const bool nothing_recorded = status == 503 || status == 429 || status == 409;
      if (!nothing_recorded && keyed) operations.push_back(operation);
      if (known && repeats-- <= 0) return operation;
      if (!known) {
        if (operation.t1 > give_up) return operation;
        std::this_thread::sleep_for(10ms);
      }
    }
  }

  const Storm& storm_;
  int process_;
  BankClient bank_;
  std::mt19937_64 random_;
  std::uint64_t made_ = 0;
  std::string position_;
};

Storm::Storm(const StormSettings& settings) : settings_(settings) {
  history_.seed = settings.seed;
  history_.faults = settings.faults;
  BankClient bank(settings.port);
  for (int i = 0; i < settings.accounts; ++i) {
    accounts_.push_back(bank.open());
    if (accounts_.back().empty()) throw std::runtime_error("no account could be opened");
    Operation operation;
    operation.kind = OperationKind::deposit;
    operation.key = "opening" + std::to_string(settings.seed) + "n" + std::to_string(i);
    operation.payer = "cash:KRW";
    operation.payee = accounts_.back();
    operation.amount = settings.opening;
    operation.t0 = now_ns();
    const Reply answer = bank.post("/v1/deposits",
                                   R"({"account":")" + accounts_.back() + R"(","amount":")" + std::to_string(settings.opening) +
                                       R"(","currency":"KRW","reference":")" + operation.key + R"("})", operation.key);
    operation.t1 = now_ns();
    if (answer.status() != 201) throw std::runtime_error("the opening deposit was answered " + std::to_string(answer.status()) + " " + answer.http.body);
    operation.outcome = Outcome::ok;
    operation.sequence = sequence_of(answer.http.header("Payswitch-Position"));
    operation.transfer_id = answer.text("id");
    operation.body = answer.http.body;
    history_.operations.push_back(std::move(operation));
  }
}

Storm::~Storm() {
  if (!threads_.empty()) stop();
}

void Storm::start() {
  for (int i = 0; i < settings_.clients; ++i) clients_.push_back(std::make_unique<Client>(*this, i + 1));
  for (auto& client : clients_) threads_.emplace_back([&client] { client->run(); });
}

void Storm::stop() {
  stopping_ = true;
  for (auto& thread : threads_) thread.join();
  threads_.clear();
  for (auto& client : clients_)
    for (auto& operation : client->operations) history_.operations.push_back(std::move(operation));
  clients_.clear();
}

Books Storm::books() const {
  Books books;
  books.customers = accounts_;
  BankClient bank(settings_.port);
  struct Steps {
    std::uint64_t first = 0, last = 0;
  };
  std::unordered_map<std::string, Steps> steps;
  pages(bank, "/v1/transfers?limit=500", "transfers", [&](const boost::json::object& row) {
    BookTransfer transfer;
    transfer.id = text(row, "id");
    transfer.key = text(row, "reference");
    transfer.payer = text(row, "payer");
    transfer.payee = text(row, "payee");
    transfer.state = text(row, "state");
    transfer.reason = text(row, "reason_code");
    transfer.amount = minor(row, "amount");
    const std::string kind = text(row, "kind");
    transfer.kind = kind == "deposit" ? OperationKind::deposit : kind == "withdraw" ? OperationKind::withdraw
                    : text(row, "mode") == "hold" ? OperationKind::hold : OperationKind::transfer;
    books.transfers.push_back(std::move(transfer));
  });
  for (auto& transfer : books.transfers) {
    const Reply whole = bank.get("/v1/transfers/" + transfer.id);
    if (whole.status() != 200) throw std::runtime_error("transfer " + transfer.id + " is listed and cannot be read: " + whole.http.body);
    auto& step = steps[transfer.id];
    for (const auto& change : whole.body.as_object().at("history").as_array()) {
      const std::uint64_t sequence = number(change.as_object(), "sequence");
      step.first = step.first == 0 ? sequence : std::min(step.first, sequence);
      step.last = std::max(step.last, sequence);
    }
    transfer.sequence = step.last;
  }
  std::vector<std::string> numbers = accounts_;
  numbers.push_back("cash:KRW");
  for (const auto& account : numbers) {
    pages(bank, "/v1/accounts/" + account + "/postings?limit=500", "postings", [&](const boost::json::object& row) {
      BookPosting posting;
      posting.account = account;
      posting.counterparty = text(row, "counterparty");
      posting.transfer_id = text(row, "transfer_id");
      posting.account_sequence = number(row, "sequence");
      posting.side = text(row, "side") == "debit" ? 1 : 2;
      const std::string kind = text(row, "kind");
      posting.kind = kind == "post" ? 1 : kind == "hold" ? 2 : kind == "post_hold" ? 3 : 4;
      posting.amount = minor(row, "amount");
      posting.balance_after = minor(row, "balance_after");
      posting.available_after = minor(row, "available_after");
      const auto found = steps.find(posting.transfer_id);
      if (found == steps.end()) throw std::runtime_error("a posting of " + account + " names transfer " + posting.transfer_id + ", which is not listed");
      posting.sequence = posting.kind == 2 ? found->second.first : found->second.last;
      books.postings.push_back(std::move(posting));
    });
  }
  return books;
}

}  // namespace payswitch::test

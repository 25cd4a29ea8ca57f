#include "support/storm/storm.h"

#include <boost/json/value.hpp>

#include <chrono>
#include <stdexcept>

#include "support/bank_client.h"
#include "support/storm/client.h"

namespace payswitch::test {

std::uint64_t Storm::now_ns() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

Storm::Storm(const StormSettings& settings) : settings_(settings) {
  history_.seed = settings.seed;
  history_.faults = settings.faults;
  BankClient bank(settings.port);
  for (int i = 0; i < settings.accounts; ++i) {
    accounts_.push_back(bank.open());
    if (accounts_.back().empty()) throw std::runtime_error("no account could be opened");
    Operation operation;
    operation.kind = OperationKind::deposit;
    operation.key = settings.name + "opening" + std::to_string(settings.seed) + "n" + std::to_string(i);
    operation.payer = "cash:KRW";
    operation.payee = accounts_.back();
    operation.amount = settings.opening;
    operation.t0 = now_ns();
    const Reply answer = bank.deposit(accounts_.back(), settings.opening, operation.key);
    operation.t1 = now_ns();
    if (answer.status() != 201) throw std::runtime_error("the opening deposit was answered " + std::to_string(answer.status()) + " " + answer.http.body);
    operation.outcome = Outcome::ok;
    operation.sequence = sequence_of(answer.http.header("Payswitch-Position"));
    operation.transfer_id = answer.text("id");
    operation.state = answer.text("state");
    operation.body = answer.http.body;
    history_.operations.push_back(std::move(operation));
  }
}

Storm::~Storm() {
  if (!threads_.empty()) stop();
}

void Storm::pay_also(std::vector<std::string> elsewhere, unsigned percent, std::string nobody) {
  elsewhere_ = std::move(elsewhere);
  elsewhere_percent_ = percent;
  nobody_ = std::move(nobody);
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

bool settled(std::uint16_t port, int seconds) {
  BankClient bank(port);
  for (int i = 0; i < seconds * 10; ++i) {
    const Reply open = bank.get("/v1/transfers?state=submitted,in_doubt&limit=1");
    if (open.status() == 200 && open.body.as_object().at("transfers").as_array().empty()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return false;
}

}  // namespace payswitch::test

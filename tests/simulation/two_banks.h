// Two banks with links both ways: what goes to the other bank can come back from it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "ledger/account_names.h"
#include "world.h"

namespace payswitch::simulation {

struct TwoBanks {
  World world;
  Bank &mj, &jh;
  Link &there, &back;  // mj → jh, jh → mj

  explicit TwoBanks(std::uint64_t seed = 1, std::function<void(config::Config&)> change = {})
      : world(seed), mj(world.bank("mj", "mj-")), jh(world.bank("jh", "jh-")), there(world.link("to-jh", mj, jh)), back(world.link("to-mj", jh, mj)) {
    start(mj, "jh", "jh-", "to-jh", change);
    start(jh, "mj", "mj-", "to-mj", change);
    EXPECT_EQ(mj.open_account("mj-alice", "alice"), "none");
    EXPECT_EQ(mj.open_account("mj-anna", "anna"), "none");
    EXPECT_EQ(jh.open_account("jh-bob", "bob"), "none");
    EXPECT_EQ(mj.deposit("mj-alice", 100'000).code, ErrorCode::none);
  }

  // alice pays bob at the other bank; the transfer there.
  Bank::Result pay_bob(std::int64_t minor, std::string_view key) {
    auto command = mj.transfer("mj-alice", "jh-bob", minor, key);
    command.wait_ms = 5'000;
    return mj.pay_now(command);
  }
  // Bob's bank's record of what came in, by the id it told.
  psw_id incoming(std::string_view key) {
    char op[id_hex_size];
    write_hex(derive_op_id("mj", "alice", key, "credit", "jh"), op);
    return named(jh, "in/mj", {op, sizeof op});
  }
  static psw_id named(Bank& bank, std::string_view space, std::string_view key) {
    psw_read read{};
    read.size = sizeof read;
    read.what = PSW_ROWS_UNIQUES;
    read.consistency = PSW_READ_STRONG;
    read.space = str(space);
    read.key = str(key);
    read.limit = 1;
    psw_reply reply{};
    reply.size = sizeof reply;
    local_ledger::ReadBuffer buffer;
    if (!bank.ledger.reads().answer(read, reply, buffer)) return {};
    for (const auto& unique : Rows<psw_unique>(reply.rows))
      if (view(unique.key) == key) return parse_ulid(view(unique.names)).value_or(psw_id{});
    return {};
  }

  ReverseCommand reverse(const psw_id& id, std::string_view key, std::int64_t minor = 0, std::string_view who = "bob", auth::Scopes scopes = auth::scope_pay | auth::scope_read) {
    ReverseCommand command;
    command.caller = Caller(texts_.emplace_back(who), scopes);
    command.idempotency_key = texts_.emplace_back(key);
    command.transfer = id;
    command.amount_minor = minor;
    return command;
  }

  struct Decided {
    ErrorCode code = ErrorCode::internal;
    std::string refusal, heard;
    DecideAnswer::What what = DecideAnswer::What::done;
    psw_id made{};
    TransferState state = TransferState::none;
  };
  Decided decide(Bank& bank, Decision decision, const psw_id& subject, std::string_view person, bool confirm = false, std::string_view evidence = "statement.txt") {
    DecideCommand command;
    command.decision = decision;
    command.person = texts_.emplace_back(person);
    command.confirm = confirm;
    command.subject = subject;
    command.evidence = texts_.emplace_back(evidence);
    auto& out = decided_.emplace_back();
    bool done = false;
    struct To {
      Decided* out;
      bool* done;
    } to{&out, &done};
    bank.daemon().decide(command, {[](void* context, const DecideAnswer& answer) {
      const auto& [result, told] = *static_cast<To*>(context);
      *told = true;
      result->code = answer.code;
      result->refusal = answer.refusal;
      result->heard = answer.heard;
      result->what = answer.what;
      result->made = answer.made;
      if (answer.transfer != nullptr) result->state = answer.transfer->state;
    }, &to});
    world.settle();
    for (int step = 0; !done && step != 1'000; ++step) world.advance(20);
    EXPECT_TRUE(done);
    return out;
  }
  std::vector<RepairView> open_repairs(Bank& bank) {
    struct To {
      std::vector<RepairView> rows;
      std::deque<std::string>* texts;
      bool done = false;
    } to{{}, &texts_};
    bank.daemon().repairs({}, {[](void* context, const RepairsAnswer& answer) {
      auto& out = *static_cast<To*>(context);
      out.done = true;
      for (auto row : answer.repairs) {
        row.bank = out.texts->emplace_back(row.bank);
        row.customer = out.texts->emplace_back(row.customer);
        out.rows.push_back(row);
      }
    }, &to});
    world.settle();
    EXPECT_TRUE(to.done);
    return to.rows;
  }
  std::string close_account(Bank& bank, std::string_view number) {
    AccountCommand command;
    command.action = AccountAction::close;
    command.caller = Caller("operator", auth::scopes_all);
    command.number = number;
    std::string out = "no answer";
    bank.daemon().change_account(command, {[](void* context, const AccountAnswer& answer) { *static_cast<std::string*>(context) = name(answer.code); }, &out});
    world.settle();
    return out;
  }
  // Every question and answer between the banks is lost from now on, or none any more.
  void cut(bool is_cut) {
    for (auto* link : {&there, &back}) {
      if (is_cut) link->fate = [](std::int32_t, std::uint32_t) { Fate fate; fate.request = Fate::Request::lost; return fate; };
      else link->fate = nullptr;
    }
  }

  // Money is neither made nor lost, and each bank says of the other what the other says of it.
  std::string violation(bool repairs = false) {
    for (auto* bank : {&mj, &jh})
      if (!bank->balanced()) return bank->code + ": debits and credits differ";
    const Int128 suspense = mj.balance("suspense:jh:KRW") + jh.balance("suspense:mj:KRW");
    if (suspense != 0 && !repairs) return "a repair stands open";
    const Int128 customers = mj.balance("mj-alice") + mj.balance("mj-anna") + jh.balance("jh-bob");
    if (customers + suspense != 100'000 && !repairs) return "customers hold " + format_total(customers);
    if (mj.balance("clearing:jh:KRW") != -jh.balance("clearing:mj:KRW")) return "clearing differs";
    return {};
  }

 private:
  static void start(Bank& bank, std::string_view other, std::string_view prefix, std::string_view connector, const std::function<void(config::Config&)>& change) {
    auto config = base_config(bank);
    config.banks.push_back(counterparty(std::string(other), {std::string(prefix)}));
    add_connector(config, std::string(connector), std::string(other));
    config::Route route;
    route.bank = other;
    route.targets = {std::string(connector)};
    config.routes.push_back(route);
    if (change) change(config);
    bank.start(std::move(config));
  }
  std::deque<std::string> texts_;
  std::deque<Decided> decided_;
};

}  // namespace payswitch::simulation

// The gateway to a bank that exists only in this process. What it does is in behaviour.cpp, what it remembers in store.cpp; here both
// meet the border. Time passes only by the host's executor, so under a manual clock every run is the same.
#pragma once

#include <payswitch/gateway.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "args.h"
#include "behaviour.h"
#include "store.h"

namespace payswitch::sim_bank {

class Connector : public gateway<Connector> {
 public:
  static constexpr std::string_view type_id = "sim_bank";
  static constexpr std::string_view doc = "a simulated bank: the amount chooses what it does";
  static constexpr bool reports = true;
  static constexpr auto schema = payswitch::schema(
      text("store").doc("name of the bank's memory; instances that name the same one lead to the same bank; default: the bank code"),
      duration("delay").def("1s").range("0s..10min").doc("how late a late decision, report or answer is"),
      duration("timeout").def("5s").range("1ms..10min").doc("after this, or the call deadline, a lost answer is reported as unknown"),
      integer("always").range("0..999").doc("a row of the table for every amount"),
      integer("report_repeats").def("1000").range("1..100000").doc("how often behaviour 506 repeats its report"),
      boolean("dedupe").def("true").doc("false: a repeated op_id is credited again, which a bank must never do"),
      boolean("tombstone").def("true").doc("false: a cancel leaves no tombstone, which a bank must never do"),
      integer("epoch").def("0").range("0..").doc("of the bank's ledger, as its answers say it; 0: it tells no history"));
  static constexpr auto messages = payswitch::messages(
      message("SIM-001", "warning", "the simulated bank was told to break a rule", "Option dedupe or tombstone is false. Only tests of the switch's own safety do that."));
  static constexpr auto commands = payswitch::commands(
      payswitch::command("credit", "{payer, payee, amount, currency, exponent, op_id, reference?, reverses?, not_after?}", "sends money in: the simulated bank asks us to credit payee"),
      payswitch::command("cancel", "{op_id, …as credit}", "the simulated bank takes a credit back that it may have sent"),
      payswitch::command("query", "{op_id}", "the simulated bank asks what we decided"),
      payswitch::command("report", "{op_id, decision, code?, amount, currency, exponent, payer, payee, times?}", "reports a decision, true or not"),
      payswitch::command("show", "{op_id}", "what the bank remembers about an op_id", PSW_ROLE_VIEWER),
      payswitch::command("totals", "", "what the bank has credited, per currency", PSW_ROLE_VIEWER),
      payswitch::command("behaviours", "", "the table of amounts", PSW_ROLE_VIEWER),
      payswitch::command("down", "", "the connector reports itself down and sends nothing"),
      payswitch::command("up", "", "ends down"),
      payswitch::command("forget", "{op_id}", "the bank loses one record", PSW_ROLE_ADMIN, PSW_COMMAND_DANGEROUS),
      payswitch::command("reset", "", "the bank loses everything", PSW_ROLE_ADMIN, PSW_COMMAND_DANGEROUS));

  void configure(const config& options);
  void start();
  task<credit_reply> credit(const credit_op& op);
  task<query_reply> query(const query_op& op);
  task<cancel_reply> cancel(const cancel_op& op);
  hello_reply hello(const hello_op& op);
  lookup_reply lookup(const lookup_op& op);
  reconcile_reply reconcile(const reconcile_op& op);
  task<command_reply> command(const command_op& op);

 private:
  const Behaviour& behaviour(const psw_money& money) const;
  std::string_view refusal(const Behaviour& b, const decision& asked) const;
  decision as_asked(const gateway_operation& op) const;
  void stamp(decision& d) const;
  task<void> later(decision asked, const Behaviour* b, bool decides);
  std::uint64_t give_up_ns(const operation& op) const;
  task<command_reply> incoming(std::string_view name, const Args& args);
  task<command_reply> report_by_hand(const Args& args);

  std::shared_ptr<Store> store_;
  std::string bank_;
  std::chrono::nanoseconds delay_{}, timeout_{};
  std::optional<std::int64_t> always_;
  std::int64_t report_repeats_ = 0, epoch_ = 0;
  bool dedupe_ = true, tombstone_ = true, down_ = false;
};

}  // namespace payswitch::sim_bank

// Skeleton of a gateway: it refuses to guess. Every member answers `unknown` until you have read a decision record of the bank.
#include <payswitch/gateway.h>

namespace {

using namespace payswitch;

struct my_bank : gateway<my_bank> {
  static constexpr std::string_view doc = "connects to My Bank";
  static constexpr auto schema = payswitch::schema(url("endpoint").required().doc("base URL of the bank"));

  void configure(const config& options) { endpoint_ = options.url("endpoint"); }

  // Ask the bank to credit op.payee(). Send op.op_id(): the bank must know a repeat by it.
  task<credit_reply> credit(const credit_op& op) {
    http_request put("PUT", endpoint_);
    put.call_deadline_ns = op.call_deadline_ns();
    const http_response answer = co_await request(std::move(put));
    if (answer.not_sent()) co_return credit_reply::not_sent("not_connected");
    co_return credit_reply::unknown("not_written_yet");
  }
  // What did the bank decide about op.op_id()? It must never cause a credit.
  task<query_reply> query(const query_op&) { co_return query_reply::unknown("not_written_yet"); }
  // The bank shall record that it never will credit op.op_id(), or say that it has.
  task<cancel_reply> cancel(const cancel_op&) { co_return cancel_reply::unknown("not_written_yet"); }

 private:
  std::string endpoint_;
};

}  // namespace

PSW_PLUGIN(my_bank, "org.example.my-bank", "0.1.0")

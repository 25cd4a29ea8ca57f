// A whole gateway: credits another bank over its HTTP API, one PUT per operation, and reads the decision record that comes back.
#include <payswitch/gateway.h>
#include <payswitch/ids.h>

#include <algorithm>
#include <chrono>

namespace {

using namespace payswitch;

struct hello : gateway<hello> {
  static constexpr std::string_view doc = "credits another bank by PUT /credits/{op_id}";
  static constexpr auto schema = payswitch::schema(url("endpoint").required().doc("base URL of the other bank"),
                                                   duration("timeout").def("2s").range("100ms..30s").doc("of one call"));

  void configure(const config& options) {
    endpoint_ = options.url("endpoint");
    timeout_ = options.duration("timeout");
    tls_ = options.tls_profile();
  }

  task<credit_reply> credit(const credit_op& op) {
    http_request put("PUT", path_of(op));
    put.body = format_minor(op.money().minor) + " " + std::string(currency_view(op.money().currency)) + " " + std::string(op.payer()) + " " + std::string(op.payee());
    const http_response answer = co_await call(std::move(put), op);
    if (answer.not_sent()) co_return credit_reply::not_sent("not_connected");  // no byte left: another connector may be tried
    decision record;
    const std::string word = read(answer, record);
    if (word == "applied") co_return credit_reply::applied(std::move(record));
    if (word == "refused") co_return credit_reply::refused(std::move(record));
    co_return credit_reply::unknown("no_decision");  // a status line never decides
  }

  task<query_reply> query(const query_op& op) {
    const http_response answer = co_await call(http_request("GET", path_of(op)), op);
    decision record;
    const std::string word = read(answer, record);
    if (word == "applied") co_return query_reply::applied(std::move(record));
    if (word == "refused") co_return query_reply::refused(std::move(record));
    if (word == "none") co_return query_reply::not_found();
    co_return query_reply::unknown("no_decision");
  }

  task<cancel_reply> cancel(const cancel_op& op) {
    const http_response answer = co_await call(http_request("DELETE", path_of(op)), op);
    decision record;
    const std::string word = read(answer, record);
    if (word == "applied") co_return cancel_reply::applied(std::move(record));
    if (word == "refused") co_return cancel_reply::refused(std::move(record));
    co_return cancel_reply::unknown("no_decision");
  }

 private:
  std::string path_of(const gateway_operation& op) const { return endpoint_ + "/credits/" + to_hex(op.op_id()); }

  task<http_response> call(http_request request, const gateway_operation& op) {
    request.tls_profile = tls_;
    request.call_deadline_ns = std::min(op.call_deadline_ns(), now_ns() + static_cast<std::uint64_t>(timeout_.count()));
    co_return co_await this->request(std::move(request));
  }

  // "applied <op_id> 15000 KRW mj-1 jh-1" or "refused … jh-1 account_closed": what the peer says, never what we asked.
  static std::string read(const http_response& answer, decision& out) {
    std::string_view rest = answer.complete() ? std::string_view(answer.body) : std::string_view();
    const auto next = [&rest] {
      const std::string_view word = rest.substr(0, rest.find(' '));
      rest.remove_prefix(std::min(rest.size(), word.size() + 1));
      return word;
    };
    std::string word(next());
    out.op_id = parse_hex(next()).value_or(psw_id{});
    out.money.minor = parse_minor(next()).value_or(0);
    set_currency(out.money.currency, next());
    out.payer = next();
    out.payee = next();
    out.code = next();
    return word;
  }

  std::string endpoint_, tls_;
  std::chrono::nanoseconds timeout_{};
};

}  // namespace

PSW_PLUGIN(hello, "org.example.hello", "1.0.0")

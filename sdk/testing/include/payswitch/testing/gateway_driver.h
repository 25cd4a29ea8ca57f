// Verbs for tests of a gateway on a fake host: send a credit, ask, cancel, run a command, look at the reply. The operation and its
// texts live as long as the driver, so a reply may come as late as it likes.
#pragma once

#include <payswitch/credit_hash.h>
#include <payswitch/ids.h>
#include <payswitch/outcome.h>
#include <payswitch/testing/fake_host.h>

#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace payswitch::testing {

// What came back, owned.
struct Seen {
  bool answered = false;
  int answers = 0;
  Code code = Code::internal;
  Outcome outcome = Outcome::unknown;  // as the host takes it: a word the operation may not use is unknown
  std::int32_t raw_outcome = 0;
  std::uint32_t retry_after_ms = 0;
  std::string reason, text;
  std::optional<decision> record;
  std::vector<decision> records;
};

struct Credit {
  psw_id op_id{};
  std::int64_t minor = 0;
  std::string payer = "mj-1", payee = "jh-1", currency = "KRW";
  std::int32_t exponent = 0;
};

class GatewayDriver {
 public:
  explicit GatewayDriver(FakeHost& host) : host_(host) {}
  GatewayDriver(const GatewayDriver&) = delete;
  GatewayDriver& operator=(const GatewayDriver&) = delete;
  ~GatewayDriver() { host_.unload(); }  // what is still open is answered now, into what lives here

  Credit credit_of(std::int64_t minor, int serial = 0) {
    Credit c;
    c.minor = minor;
    c.op_id = derive_op_id("mj", "alice", std::to_string(minor) + "/" + std::to_string(serial), "payee", "jh");
    return c;
  }
  const Seen& send(std::int32_t kind, const Credit& c, std::uint32_t flags = 0, std::uint64_t deadline_ms = 5000) {
    Call& call = calls_.emplace_back();
    call.text = c;
    call.credit.size = sizeof call.credit;
    call.credit.op_id = c.op_id;
    call.credit.payer = str(call.text.payer);
    call.credit.payee = str(call.text.payee);
    call.credit.money.minor = c.minor;
    set_currency(call.credit.money.currency, c.currency);
    call.credit.money.exponent = c.exponent;
    const Sha256Digest hash = credit_hash(call.credit);
    std::memcpy(call.credit.hash, hash.data(), sizeof call.credit.hash);
    return submit(call, kind, &call.credit, flags, deadline_ms);
  }
  const Seen& credit(const Credit& c, std::uint32_t flags = 0) { return send(PSW_OP_CREDIT, c, flags); }
  const Seen& resend(const Credit& c) { return send(PSW_OP_CREDIT, c, PSW_OPF_RESEND); }
  const Seen& query(const Credit& c) { return send(PSW_OP_QUERY, c); }
  const Seen& cancel(const Credit& c) { return send(PSW_OP_CANCEL, c); }
  const Seen& hello() { return submit(calls_.emplace_back(), PSW_OP_HELLO, nullptr, 0, 5000); }
  const Seen& reconcile(std::string_view after, std::uint32_t limit) {
    Call& call = calls_.emplace_back();
    call.args = after;
    call.read.size = sizeof call.read;
    call.read.what = PSW_ROWS_DECISIONS;
    call.read.after = str(call.args);
    call.read.limit = limit;
    return submit(call, PSW_OP_RECONCILE, &call.read, 0, 5000);
  }
  const Seen& command(std::string_view name, std::string_view args = "{}") {
    Call& call = calls_.emplace_back();
    call.name = name;
    call.args = args;
    call.call.size = sizeof call.call;
    call.call.name = str(call.name);
    call.call.args = str(call.args);
    return submit(call, PSW_OP_COMMAND, &call.call, 0, 60'000);
  }

 private:
  struct Call {
    Credit text;
    std::string name, args;
    psw_credit credit{};
    psw_call call{};
    psw_read read{};
    Seen seen;
  };
  const Seen& submit(Call& call, std::int32_t kind, const void* body, std::uint32_t flags, std::uint64_t deadline_ms) {
    psw_op op{};
    op.kind = kind;
    op.flags = flags;
    op.attempt = 1;
    op.body = body;
    op.call_deadline_ns = host_.clock().now_ns() + deadline_ms * 1'000'000;
    Seen* seen = &call.seen;
    host_.submit(op, [seen, kind](const psw_reply& r) {
      seen->answered = true;
      ++seen->answers;
      seen->code = code_of(r.code);
      seen->raw_outcome = r.outcome;
      seen->outcome = outcome_of(kind, r.outcome);
      seen->retry_after_ms = r.retry_after_ms;
      seen->reason = view(r.reason);
      seen->text = view(r.text);
      if (kind == PSW_OP_CREDIT || kind == PSW_OP_QUERY || kind == PSW_OP_CANCEL) {
        if (r.body != nullptr) seen->record.emplace(sized_copy(static_cast<const psw_decision*>(r.body)));
      }
      if (kind == PSW_OP_RECONCILE) {
        for (const psw_decision& d : rows<psw_decision>(r.rows)) seen->records.emplace_back(d);
      }
    });
    host_.run();
    return *seen;
  }

  FakeHost& host_;
  std::deque<Call> calls_;
};

}  // namespace payswitch::testing

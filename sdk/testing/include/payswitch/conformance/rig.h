// What the author of a gateway brings to the conformance suite: his gateway, loaded on a fake host, and behind it his bank, or what
// plays it. The suite knows no protocol; it says what shall happen to a credit on its way, and asks the bank's own books what became of it.
#pragma once

#include <payswitch/testing/fake_host.h>
#include <payswitch/testing/gateway_driver.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace payswitch::conformance {

// What happens on the way. Unless it says "always", it happens to the first send and the way is clear afterwards.
enum class Fault {
  none,
  cannot_connect,       // no byte leaves
  request_lost,         // all bytes leave, none arrives
  request_broken_off,   // some bytes leave, then the connection is reset; nothing arrives
  request_late,         // nothing is answered; it arrives with Rig::everything_arrives()
  request_twice,        // the network doubles it
  answer_lost,          // the bank decides, its answer is lost
  answers_always_lost,  // and that of every resend as well, until everything_arrives(); queries are answered
  answer_late,          // long after the call deadline
  answer_cut,           // the first half of the answer
  answer_garbage,       // something, but no answer of the bank
  answer_of_another,    // what the bank answered to the credit before this one
  status_only,          // Way::status and an empty body, the bank sees nothing: a proxy answered
  shed,                 // the bank says, so that it can be believed, that it recorded nothing
  pending,              // the bank has recorded it and still works on it; afterwards it applies
  // The bank decides one thing and says another:
  says_other_op_id, says_other_amount, says_other_scale, says_other_currency, says_other_payer, says_other_payee, says_other_hash,
  changes_its_mind,     // it applied and the answer was lost; whenever it is asked again it says refused
};

struct Way {
  Fault fault = Fault::none;
  std::int32_t on = PSW_OP_CREDIT;  // the exchange it happens to: PSW_OP_CREDIT, PSW_OP_QUERY, PSW_OP_CANCEL
  int status = 0;
  std::string refused;              // not empty: the bank refuses the credit with this code
};

// What stands in the bank's books about an op_id.
struct Truth {
  bool seen = false;     // it has recorded something, a tombstone too
  int applied = 0;       // how often it has credited: more than once is the disaster all of this is about
  std::int64_t minor = 0;  // the amount of one credit
  bool refused = false;
  std::string code;      // why
};

class Rig {
 public:
  virtual ~Rig() = default;
  virtual testing::FakeHost& host() = 0;        // the gateway is loaded and has done nothing yet
  virtual testing::GatewayDriver& drive() = 0;  // on that host
  virtual std::uint64_t capabilities() const = 0;  // PSW_CAP_*, as the connector type declares them
  // A credit nobody has seen, and its way prepared. `serial` differs from call to call. Empty: this rig cannot play that, and the case
  // is skipped by name.
  virtual std::optional<testing::Credit> credit(const Way& way, int serial) = 0;
  virtual Truth truth(const psw_id& op_id) = 0;
  virtual std::size_t operations() = 0;  // how many different op_ids the bank has in its books
  virtual void everything_arrives() = 0;  // what is on its way arrives, and from now on the way is clear
};

using MakeRig = std::function<std::unique_ptr<Rig>()>;

}  // namespace payswitch::conformance

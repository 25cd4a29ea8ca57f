// Somebody on the way who is not the bank that was asked: answers and requests that look right in every respect but the key. Nothing of
// it may ever decide or credit anything.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "keys.h"
#include "network.h"
#include "timeline.h"

namespace payswitch::simulation::peers {

class Forger {
 public:
  // Holds the true key of a third bank, which every bank knows as that bank's.
  Forger(Timeline& timeline, std::string key_id);
  // An answer to a request about one credit: applied or refused, by chance; unsigned, or signed with the third bank's key. Empty for
  // any other request.
  std::optional<HttpReply> answer(const HttpSeen& request);
  // A credit of `minor` to `payee` at bank `to` that no bank has sent.
  HttpSeen request(std::string_view to, std::string_view payer, std::string_view payee, std::int64_t minor, std::int64_t wall_ms);

 private:
  Timeline& timeline_;
  std::string key_id_;
  Wallet wallet_;
};

}  // namespace payswitch::simulation::peers

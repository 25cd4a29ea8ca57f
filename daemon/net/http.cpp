#include "net/http.h"

#include "base/text.h"

namespace payswitch::daemon::net {

std::string_view Request::header(std::string_view name, bool* found) const noexcept {
  for (const Header& header : headers) {
    if (equal_ignoring_case(header.name, name)) {
      if (found != nullptr) *found = true;
      return header.value;
    }
  }
  if (found != nullptr) *found = false;
  return {};
}

}  // namespace payswitch::daemon::net

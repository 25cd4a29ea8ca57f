// Who am I? For a client that wants to know what its key may do.
#include "api/fields.h"
#include "api/handlers.h"
#include "api/wire.h"

namespace payswitch::daemon::api {

void get_me(Context& context) {
  auto fields = Fields::of_query(context, {});
  if (!fields.ok()) return fields.answer();
  static constexpr struct { auth::Scopes bit; std::string_view name; } names[] = {
      {auth::scope_read, "read"}, {auth::scope_pay, "pay"}, {auth::scope_accounts, "accounts"}, {auth::scope_cash, "cash"}, {auth::scope_operate, "operate"},
      {auth::scope_reverse, "reverse"}};
  json::Writer out(context.arena());
  out.begin_object();
  out.member("principal", context.principal.id());
  out.member("kind", context.principal.kind() == auth::PrincipalKind::development ? "development" : "service");
  if (!context.principal.key_id().empty()) out.member("key_id", context.principal.key_id());
  out.key("scopes").begin_array();
  for (const auto& scope : names)
    if (context.principal.may(scope.bit)) out.string(scope.name);
  out.end_array();
  out.end_object();
  context.respond(200, {}, out);
}

}  // namespace payswitch::daemon::api

// psw.http-client/1: a request of a plugin, copied, sent from the instance's loop, answered by PSW_EV_DONE with a psw_http.
#include "plugin_host/service_call.h"
#include "plugin_host/service_tables.h"

namespace payswitch::daemon::plugin_host {
namespace {

class ClientCall final : public ServiceCall {
 public:
  using ServiceCall::ServiceCall;

  void run(unsigned loop) noexcept override {
    connector().core().parts.http_client->request(loop, connector().name(), *request, {[](void* self, const psw_http& answer) { static_cast<ClientCall*>(self)->answered(answer); }, this});
  }

  const psw_http* request = nullptr;

 private:
  void answered(const psw_http& answer) noexcept {
    const psw_http* const copy = copy_http(answer, answer_arena());
    if (copy != nullptr) return done(copy);
    // Too large to hand over: the peer may have acted, and that is what the phase says.
    lost_.size = sizeof lost_;
    lost_.phase = PSW_HTTP_GOT_HEAD;
    done(&lost_);
  }

  psw_http lost_{};
};

extern "C" {

std::int32_t client_request(void* ctx, std::uint32_t lane, const psw_http* request, std::uint64_t token) noexcept {
  if (request == nullptr || !PSW_HAS(request, psw_http, tls_profile)) return PSW_INVALID;
  std::int32_t code = PSW_OK;
  auto* const call = make_service_call<ClientCall>(ctx, lane, token, code);
  if (call == nullptr) return code;
  call->request = copy_http(*request, call->request_arena());
  if (call->request == nullptr) {
    call->recycle();
    return PSW_INVALID;
  }
  call->go(call->connector().home_loop());
  return PSW_OK;
}

}  // extern "C"

constexpr psw_http_1 table{sizeof(psw_http_1), 0, client_request, nullptr, nullptr};

}  // namespace

const void* http_client_table() noexcept { return &table; }

}  // namespace payswitch::daemon::plugin_host

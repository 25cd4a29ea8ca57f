#include "api/admin.h"

namespace payswitch::daemon::api {
namespace {

void answer(net::Exchange& exchange, int status, std::string_view type, std::string_view body) noexcept {
  const net::Header headers[] = {{"Content-Type", type}, {"Cache-Control", "no-store"}};
  exchange.respond(status, headers, body);
}

// "[+] ledger ok" lines as other servers show them with ?verbose, else one word.
void answer_checks(net::Exchange& exchange, const std::vector<HealthCheck>& checks) {
  bool good = true;
  std::string text;
  for (const auto& check : checks) {
    good = good && check.ok;
    text += (check.ok ? "[+] " : "[-] ") + check.name + " " + (check.ok ? "ok" : "failed") + (check.text.empty() ? "" : ": " + check.text) + "\n";
  }
  const std::string_view query = exchange.request().query;
  const bool verbose = query == "verbose" || query.starts_with("verbose=") || query.starts_with("verbose&");
  const std::string word = good ? "ok\n" : "not ok\n";
  answer(exchange, good ? 200 : 503, "text/plain; charset=utf-8", verbose || !good ? text + word : word);
}

}  // namespace

void AdminServer::handle(net::Exchange& exchange) noexcept {
  const auto& request = exchange.request();
  const bool in_doubt = request.path == "/admin/v1/transfers" && request.query == "state=in_doubt", repairs = request.path == "/admin/v1/repairs" && request.query.empty();
  if (request.path != "/livez" && request.path != "/readyz" && request.path != "/metrics" && !in_doubt && !repairs)
    return answer(exchange, 404, "text/plain", "not found: /livez, /readyz, /metrics, /admin/v1/transfers?state=in_doubt, /admin/v1/repairs\n");
  if (request.method != "GET" && request.method != "HEAD") {
    const net::Header headers[] = {{"Allow", "GET, HEAD"}};
    return exchange.respond(405, headers, {});
  }
  if (request.path == "/livez") return answer_checks(exchange, sources_.live());
  if (request.path == "/readyz") return answer_checks(exchange, sources_.ready());
  if (in_doubt || repairs) return answer(exchange, 200, "application/json", in_doubt ? sources_.in_doubt() : sources_.repairs());
  std::string text;
  metrics_.write_text(text);
  answer(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", text);
}

}  // namespace payswitch::daemon::api

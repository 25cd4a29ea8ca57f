#include "app/http_client_bridge.h"

#include <payswitch/str.h>

#include <algorithm>
#include <new>

#include "app/messages.h"
#include "base/text.h"

namespace payswitch::daemon::app {

std::string_view split_url(std::string_view url, UrlParts& out) noexcept {
  if (std::any_of(url.begin(), url.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f; }))
    return "a character that no URL has";
  if (url.starts_with("https://")) out.tls = true;
  else if (url.starts_with("http://")) out.tls = false;
  else return "neither http:// nor https://";
  url.remove_prefix(out.tls ? 8 : 7);
  if (url.find('#') != std::string_view::npos) return "a fragment";
  const auto end = std::min(url.find_first_of("/?"), url.size());
  std::string_view authority = url.substr(0, end);
  out.target = url.substr(end);
  if (out.target.empty()) out.target = "/";
  if (out.target.front() != '/') return "a query without a path";
  if (authority.find('@') != std::string_view::npos) return "a user name";
  out.port = out.tls ? 443 : 80;
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return "a bracket that is not closed";
    out.host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
    if (!port.empty() && port.front() != ':') return "something behind the address";
  } else {
    const auto colon = authority.find(':');
    out.host = authority.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
  }
  if (!port.empty()) {
    std::uint64_t number = 0;
    if (!parse_decimal(port.substr(1), number) || number == 0 || number > 65535) return "a port that is none";
    out.port = static_cast<std::uint16_t>(number);
  }
  return out.host.empty() ? std::string_view("no host") : std::string_view();
}

struct HttpClientBridge::Call {
  Side* side;
  plugin_host::HttpDone done;
  Call* previous = nullptr;
  Call* next = nullptr;
};

HttpClientBridge::~HttpClientBridge() { close(); }

void HttpClientBridge::add_loop(net::Loop& loop, Registry& metrics, const Trust& trust) {
  auto& side = sides_.emplace_back(std::make_unique<Side>());
  side->client = net::HttpClient::make(loop, clock_, logger_, metrics);
  replace_tls(static_cast<unsigned>(sides_.size() - 1), trust);
}

void HttpClientBridge::replace_tls(unsigned loop, const Trust& trust) {
  Side& side = *sides_[loop];
  side.profiles.clear();
  for (const auto& [name, context] : trust.clients) {
    side.client->set_tls_profile(name, context);
    side.profiles.push_back(name);
  }
  if (trust.system_client) side.client->set_tls_profile(system_tls_profile, trust.system_client);
}

void HttpClientBridge::close() {
  for (auto& side : sides_) {
    side->client.reset();
    while (Call* const call = side->open) {
      side->open = call->next;
      psw_http lost{};
      lost.size = sizeof lost;
      lost.phase = PSW_HTTP_SENT_ALL;  // it may have arrived
      call->done.function(call->done.context, lost);
      delete call;
    }
  }
}

void HttpClientBridge::not_begun(std::string_view connector, std::string_view reason, plugin_host::HttpDone done) noexcept {
  logger_.write(call_not_begun, {{"connector", connector}, {"reason", reason}});
  psw_http none{};
  none.size = sizeof none;
  done.function(done.context, none);
}

void HttpClientBridge::request(unsigned loop, std::string_view connector, const psw_http& asked, plugin_host::HttpDone done) noexcept {
  Side& side = *sides_[loop];
  UrlParts url;
  if (const auto why = split_url(view(asked.target), url); !why.empty()) return not_begun(connector, why, done);
  if (!side.client) return not_begun(connector, "the daemon is stopping", done);
  const std::string_view profile = view(asked.tls_profile);
  const bool own = std::find(side.profiles.begin(), side.profiles.end(), connector) != side.profiles.end();
  if (!profile.empty() && (profile != connector || !own)) return not_begun(connector, "the TLS profile is not this connector's", done);
  if (!profile.empty() && !url.tls) return not_begun(connector, "a TLS profile, but the URL is plain http", done);
  try {
    std::vector<net::Header> headers;
    for (const psw_header& header : Rows<psw_header>(asked.headers)) headers.push_back({view(header.name), view(header.value)});
    net::ClientRequest request;
    request.method = view(asked.method);
    request.host = url.host;
    request.port = url.port;
    request.target = url.target;
    request.headers = headers;
    request.body = view(asked.body);
    if (url.tls) request.tls_profile = own ? connector : system_tls_profile;
    request.call_deadline_ns = asked.call_deadline_ns != 0 ? asked.call_deadline_ns : clock_.monotonic_ns() + call_ns_default;
    request.body_bytes_max = asked.body_max != 0 ? asked.body_max : answer_bytes_default;
    auto call = std::make_unique<Call>(Call{&side, done});
    if (side.client->request(request, {answered, call.get()}) == 0) return not_begun(connector, "too many calls are under way", done);
    call->next = side.open;
    if (side.open != nullptr) side.open->previous = call.get();
    side.open = call.release();
  } catch (const std::bad_alloc&) {
    not_begun(connector, "no memory", done);
  }
}

void HttpClientBridge::answered(void* context, const net::ClientAnswer& answer) {
  const std::unique_ptr<Call> call(static_cast<Call*>(context));
  if (call->previous != nullptr) call->previous->next = call->next;
  else call->side->open = call->next;
  if (call->next != nullptr) call->next->previous = call->previous;
  std::vector<psw_header> headers;
  psw_http out{};
  out.size = sizeof out;
  out.phase = static_cast<std::int32_t>(answer.phase);
  if (answer.error == net::ClientError::none) {
    headers.reserve(answer.headers.size());
    for (const auto& header : answer.headers) headers.push_back({str(header.name), str(header.value)});
    out.status = answer.status;
    out.headers = list_of(headers.data(), headers.size());
    out.body = str(answer.body);
    out.peer_spki = str(answer.peer_spki);
  }
  call->done.function(call->done.context, out);
}

}  // namespace payswitch::daemon::app

#include "app/trust.h"

#include "base/file.h"

namespace payswitch::daemon::app {
namespace {

constexpr std::size_t pem_bytes_max = 1 << 20;  // a bundle of authorities has some hundred kilobytes

class TrustMaker {
 public:
  TrustMaker(const config::Config& config, config::Problems& problems) : config_(config), problems_(problems) {}

  Trust make() {
    Trust out;
    out.public_listener = server(config_.public_listener.tls, "listen.public.tls");
    out.admin_listener = server(config_.admin_listener.tls, "listen.admin.tls");
    if (config_.peer_listener) out.peer_listener = server(config_.peer_listener->tls, "listen.peer.tls");
    clients(config_.connectors, "connector.", out);
    clients(config_.logins, "login.", out);
    net::TlsClientOptions open;
    open.allow_tls_1_2 = true;
    if (auto context = net::make_tls_client(open)) out.system_client = *context;
    out.keys = keys();
    return out;
  }

 private:
  bool read(const std::string& file, const config::SourceLocation& where, const std::string& path, std::string& into) {
    if (file.empty()) return true;
    auto text = read_file(file, pem_bytes_max);
    if (text) into = std::move(*text);
    else problems_.error(where, path, text.error().message);
    return text.ok();
  }

  net::TlsContextPtr finish(Result<net::TlsContextPtr> made, const config::Tls& tls, const std::string& path) {
    if (made) return *made;
    problems_.error(tls.where, path, made.error().message);
    return nullptr;
  }

  net::TlsContextPtr server(const std::optional<config::Tls>& tls, const std::string& path) {
    if (!tls) return nullptr;
    net::TlsServerOptions options;
    std::string key;
    const bool certificate = read(tls->certificate, tls->where, path + ".certificate", options.certificate_pem);
    const bool private_key = read(tls->key, tls->where, path + ".key", key);
    const bool authorities = read(tls->client_ca, tls->where, path + ".client_ca", options.client_ca_pem);
    options.key_pem = Secret<std::string>(std::move(key));
    if (!certificate || !private_key || !authorities) return nullptr;
    return finish(net::make_tls_server(options), *tls, path);
  }

  void clients(const std::vector<config::Connector>& connectors, const std::string& kind, Trust& out) {
    for (const auto& connector : connectors) {
      if (!connector.tls) continue;
      const std::string path = kind + connector.name + ".tls";
      net::TlsClientOptions options;
      std::string key;
      const bool certificate = read(connector.tls->certificate, connector.tls->where, path + ".certificate", options.certificate_pem);
      const bool private_key = read(connector.tls->key, connector.tls->where, path + ".key", key);
      const bool authorities = read(connector.tls->ca, connector.tls->where, path + ".ca", options.ca_pem);
      options.key_pem = Secret<std::string>(std::move(key));
      if (!certificate || !private_key || !authorities) continue;
      if (auto context = finish(net::make_tls_client(options), *connector.tls, path)) out.clients[connector.name] = std::move(context);
    }
  }

  std::unique_ptr<plugin_host::Ed25519KeyRing> keys() {
    auto ring = std::make_unique<plugin_host::Ed25519KeyRing>();
    for (const auto& key : config_.self.sign)
      if (const auto added = ring->add_own(key.id, key.pem.reveal()); !added) problems_.error(key.where, "switch.sign." + key.id, added.error().message);
    for (const auto& bank : config_.banks) {
      for (const auto& [id, text] : bank.keys)
        if (const auto added = ring->add_theirs(bank.code, id, text); !added) problems_.error(bank.where, "bank." + bank.code + ".keys." + id, added.error().message);
      for (const auto& spki : bank.spki)
        if (const auto added = ring->add_spki(bank.code, spki); !added) problems_.error(bank.where, "bank." + bank.code + ".spki", added.error().message);
    }
    return ring;
  }

  const config::Config& config_;
  config::Problems& problems_;
};

}  // namespace

Trust make_trust(const config::Config& config, config::Problems& problems) { return TrustMaker(config, problems).make(); }

}  // namespace payswitch::daemon::app

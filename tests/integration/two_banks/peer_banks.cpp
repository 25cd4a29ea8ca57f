#include "integration/two_banks/peer_banks.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>

#include "daemon/net/test_certificates.h"

namespace payswitch::test {
namespace {

struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

void put(const std::string& path, const std::string& content) {
  std::ofstream(path) << content;
  chmod(path.c_str(), 0400);
}

std::string base64(const unsigned char* bytes, std::size_t size) {
  std::string out(4 * ((size + 2) / 3), '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes, static_cast<int>(size));
  return out;
}

// "sha256/…" of the certificate's public key.
std::string spki_of(const std::string& certificate_pem) {
  const Owned<BIO> text(BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size())));
  const Owned<X509> certificate(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(X509_get0_pubkey(certificate.get()), &der);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(der, static_cast<std::size_t>(size), digest);
  OPENSSL_free(der);
  return "sha256/" + base64(digest, sizeof digest);
}

// A new Ed25519 key, written to `path`; its public half as the configuration has it.
std::string make_signing_key(const std::string& path) {
  const Owned<EVP_PKEY> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  const Owned<BIO> out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  put(path, std::string(data, static_cast<std::size_t>(size)));
  unsigned char raw[32];
  std::size_t raw_size = sizeof raw;
  if (EVP_PKEY_get_raw_public_key(key.get(), raw, &raw_size) != 1) std::abort();
  return "ed25519:" + base64(raw, raw_size);
}

}  // namespace

PeerBanks::PeerBanks(PeerBanksOptions options) : options_(std::move(options)) {
  char name[] = "/tmp/payswitch-banks-XXXXXX";
  if (!mkdtemp(name)) std::abort();
  folder_ = name;
  const auto authority = daemon::net::testing::make_authority("peers");
  put(folder_ + "/ca.crt", authority.certificate_pem);
  for (const auto& code : options_.codes) {
    const auto identity = daemon::net::testing::make_identity(authority, "127.0.0.1");
    put(folder_ + "/" + code + ".crt", identity.certificate_pem);
    put(folder_ + "/" + code + ".key", identity.key_pem);
    banks_.push_back({DaemonProcess::free_port(), spki_of(identity.certificate_pem), make_signing_key(folder_ + "/" + code + ".pem"), nullptr});
  }
  for (std::size_t i = 0; i < banks_.size(); ++i) {
    DaemonOptions daemon;
    daemon.bank = code(i);
    daemon.extra = configuration(i);
    if (options_.adjust) options_.adjust(code(i), daemon);
    banks_[i].daemon = std::make_unique<DaemonProcess>(daemon);
  }
}

PeerBanks::~PeerBanks() {
  banks_.clear();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string PeerBanks::configuration(std::size_t bank) const {
  const auto& us = code(bank);
  const std::string files = "certificate = \"" + folder_ + "/" + us + ".crt\", key = \"" + folder_ + "/" + us + ".key\"";
  std::string out = "[switch.sign]\n\"" + us + "-1\" = \"${cred:sign.pem}\"\n[credentials]\n\"sign.pem\" = \"" + folder_ + "/" + us + ".pem\"\n" +
                    "[listen.peer]\naddress = \"127.0.0.1:" + std::to_string(banks_[bank].peer_port) + "\"\ntls = { " + files + ", client_ca = \"" + folder_ + "/ca.crt\" }\n";
  for (std::size_t i = 0; i < banks_.size(); ++i) {
    if (i == bank) continue;
    const auto& them = code(i);
    const std::string address = options_.address ? options_.address(us, them, banks_[i].peer_port) : "127.0.0.1:" + std::to_string(banks_[i].peer_port);
    out += "[bank." + them + "]\nprefix = [\"" + them + "-\"]\nreceive_limit = { KRW = \"" + options_.receive_limit + "\" }\nexposure = { KRW = \"" + options_.exposure +
           "\" }\nin_doubt = { " + options_.in_doubt + " }\nspki = [\"" + banks_[i].spki + "\"]\nkeys = { \"" + them + "-1\" = \"" + banks_[i].key + "\" }\n" +
           "[[connector]]\nname = \"" + them + "-http\"\nplugin = \"peer_http\"\nbank = \"" + them + "\"\n" + options_.connector + "options = { url = \"https://" + address + "\"" +
           options_.options + " }\ntls = { " + files + ", ca = \"" + folder_ + "/ca.crt\" }\n[[route]]\nbank = \"" + them + "\"\ntargets = [\"" + them + "-http\"]\n";
  }
  return out + options_.extra;
}

bool PeerBanks::start_all() {
  for (auto& bank : banks_)
    if (!bank.daemon->start()) return false;
  return true;
}

int PeerBanks::terminate_all() {
  int worst = 0;
  for (auto& bank : banks_)
    if (bank.daemon->pid() > 0) ::kill(bank.daemon->pid(), SIGTERM);
  for (auto& bank : banks_) {
    if (bank.daemon->pid() <= 0) continue;
    if (const int status = bank.daemon->wait_for_exit(40); status != 0) worst = status;
  }
  return worst;
}

}  // namespace payswitch::test

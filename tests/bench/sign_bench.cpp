// What one signature and one check of it cost, in CPU, with the daemon's own key ring over a text as long as the signature base of a peer
// request. Prints one JSON object.
// usage: sign_bench SECONDS
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/resource.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "plugin_host/key_ring.h"

namespace {

constexpr std::size_t base_bytes = 640;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

// Microseconds of CPU per call.
template <class Call>
double cost_us(double seconds, Call call) {
  const double start = cpu_seconds();
  double now = start;
  std::uint64_t calls = 0;
  for (; now - start < seconds; now = cpu_seconds()) {
    for (int i = 0; i < 64; ++i, ++calls) {
      if (!call()) std::fputs("sign_bench: a signature was not good\n", stderr), std::exit(1);
    }
  }
  return (now - start) * 1e6 / static_cast<double>(calls);
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::strtod(argv[1], nullptr) : 1;
  EVP_PKEY* pair = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  BIO* text = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(text, pair, nullptr, nullptr, 0, nullptr, nullptr);
  char* pem = nullptr;
  const long pem_size = BIO_get_mem_data(text, &pem);
  std::array<unsigned char, 32> raw{};
  std::size_t raw_size = raw.size();
  EVP_PKEY_get_raw_public_key(pair, raw.data(), &raw_size);
  std::array<unsigned char, 48> base64{};
  EVP_EncodeBlock(base64.data(), raw.data(), static_cast<int>(raw_size));

  payswitch::daemon::plugin_host::Ed25519KeyRing ring;
  const bool made = ring.add_own("mj-1", {pem, static_cast<std::size_t>(pem_size)}).ok() &&
                    ring.add_theirs("jh", "jh-1", std::string("ed25519:") + reinterpret_cast<const char*>(base64.data())).ok();
  BIO_free(text);
  EVP_PKEY_free(pair);
  if (!made) return std::fputs("sign_bench: no key\n", stderr), 1;
  const std::string message(base_bytes, 'm');
  std::uint8_t signature[64];
  const double sign_us = cost_us(seconds / 2, [&] { return ring.sign("mj-1", message, signature); });
  const double verify_us = cost_us(seconds / 2, [&] { return ring.verify("jh-1", message, signature) == "jh"; });
  std::printf("{\"sign_us\": %.3f, \"verify_us\": %.3f}\n", sign_us, verify_us);
}

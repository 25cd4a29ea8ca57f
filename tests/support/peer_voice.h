// Another bank, played by a test that holds its certificate and signing key: PeerVoice asks as that bank, with signatures that are right
// or wrong in one chosen way; PeerStage answers as that bank, by a script that may lie.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "peer_http/http_signature.h"
#include "peer_http/wire.h"
#include "support/http_client.h"

struct evp_pkey_st;
struct ssl_ctx_st;

namespace payswitch::test {

// Certificate and signing key of a bank, from CODE.crt, CODE.key, CODE.pem and ca.crt of a folder.
class PeerPapers {
 public:
  PeerPapers(const std::string& folder, std::string code);
  // The signing key of another bank, under the certificate of this one.
  PeerPapers with_signing_key_of(const std::string& code) const;

  const std::string& code() const noexcept { return code_; }
  std::string key_id() const { return signer_ + "-1"; }
  std::string sign(std::string_view message) const;  // 64 bytes as ":base64:"
  std::shared_ptr<ssl_ctx_st> context(bool server) const;

 private:
  std::string folder_, code_, signer_;
  std::shared_ptr<evp_pkey_st> key_;
};

struct SignedRequest {
  std::string method, target, body;
  HeaderList headers;
};

struct SignOptions {
  std::int64_t clock_offset_s = 0;
  std::vector<std::string_view> components = {};  // none: those that are required
  psw_history ours{};                              // ledger zero: one that the voice made up for itself
  psw_id their_ledger{};
  std::string authority = {};                      // none: that of the port
  std::string key_id = {};                         // none: the papers'
};

// Any thread, one request at a time each.
class PeerVoice {
 public:
  PeerVoice(PeerPapers papers, std::uint16_t port) : papers_(std::move(papers)), port_(port) {}
  SignedRequest sign(std::string_view method, std::string_view target, std::string_view body = {}, const SignOptions& options = {}) const;
  HttpAnswer send(const SignedRequest& request) const;
  HttpAnswer say(std::string_view method, std::string_view target, std::string_view body = {}, const SignOptions& options = {}) const { return send(sign(method, target, body, options)); }

  // The credit that a transfer of this bank would be: its op_id, and the body of its PUT.
  static psw_credit credit(const psw_id& op_id, std::string_view payer, std::string_view payee, std::int64_t minor);
  static std::string target_of(const psw_id& op_id) { return "/peer/v1/credits/" + to_hex_of(op_id); }
  static std::string to_hex_of(const psw_id& op_id);

 private:
  PeerPapers papers_;
  std::uint16_t port_;
};

struct PeerQuestion {
  std::string method, target, body;
  HeaderList headers;
  psw_id op_id{};                                      // of …/credits/{op_id}; zero otherwise
  std::optional<peer_http::ReadCredit> credit = {};    // of a PUT that can be read
  bool about_credit() const noexcept { return method == "PUT" || method == "POST"; }
};

struct PeerReply {
  int status = 200;
  std::string body = {};
  bool sign = true;
  std::int64_t clock_offset_s = 0;
  unsigned bytes_per_second = 0;  // 0: at once
  bool hang = false;              // never an answer; the connection stays open
  bool reset = false;             // none either
  unsigned after_ms = 0;
};

// Listens as the bank, one thread a connection. The script is called on those threads, one call at a time.
class PeerStage {
 public:
  using Script = std::function<PeerReply(const PeerQuestion&)>;
  explicit PeerStage(PeerPapers papers);
  ~PeerStage();
  PeerStage(const PeerStage&) = delete;
  PeerStage& operator=(const PeerStage&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  void play(Script script);
  std::size_t asked(std::string_view method) const;  // how many requests with it came so far

  // What an honest bank would say. The ledger is one that the stage made up.
  PeerReply applied(const PeerQuestion& question) const;
  PeerReply refused(const psw_id& op_id, std::string_view code) const;
  PeerReply nothing_known(const psw_id& op_id) const;
  PeerReply hello() const;
  static PeerReply word(const peer_http::Word& word, int status = 200);
  psw_history history() const;
  // Says this of itself from now on, and the position stands still: whoever plays a real bank must not seem to have its own past.
  void pretend(const psw_history& history);

 private:
  void run();
  void serve(int fd);
  bool answer(void* tls, const PeerQuestion& question);
  std::string signed_answer(const PeerQuestion& question, const PeerReply& reply) const;

  PeerPapers papers_;
  std::shared_ptr<ssl_ctx_st> context_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  mutable std::mutex mutex_;
  Script script_;
  std::vector<std::string> methods_;
  psw_history history_{};
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;  // of connections; joined at the end
  std::thread thread_;
};

}  // namespace payswitch::test

// What the services that plugins ask for stand on, and app/ joins: interfaces of this room, implemented by rooms above (inbound and
// kv by ledger/ and transfer/) or beside it (net). The host copies what a plugin hands over before it calls any of these, and turns
// each answer into PSW_EV_DONE on the lane that asked.
#pragma once

#include <payswitch/abi.h>

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>

namespace payswitch::daemon::plugin_host {

// ---- psw.inbound/1 ---------------------------------------------------------------------------------------------------------

enum class InboundKind { credit, cancel, query, list, lookup, hello, report };

// A bank's word to the core. Lives in the host until answer() was called; then it must not be touched.
class InboundCall {
 public:
  InboundKind kind{};
  std::string_view connector;  // the instance that brought it
  std::string_view bank;       // of the instance: never from the message
  // credit, cancel, query: psw_credit · list: psw_read · hello: psw_history · report: psw_decision · lookup: psw_account with number
  // and currency set. All it points to lies in arena().
  const void* body = nullptr;
  virtual std::pmr::memory_resource& arena() noexcept = 0;
  // Exactly once, on the loop that delivered it, now or later, after the durable write. The reply is copied: body psw_decision
  // (credit, cancel, query, report), psw_hello (hello); rows psw_decision (list), psw_account (lookup).
  virtual void answer(const psw_reply& reply) noexcept = 0;

 protected:
  ~InboundCall() = default;
};

// The loop an operation belongs to, wherever it comes from.
inline unsigned loop_of(const psw_id& id, unsigned loops) noexcept {
  std::uint64_t hash = 0;
  for (int i = 15; i >= 8; --i) hash = (hash << 8) | id.b[i];  // a ULID's chance is at its end
  return static_cast<unsigned>(hash % loops);
}

class InboundSink {
 public:
  virtual ~InboundSink() = default;
  // credit, cancel, query and report on loop_of(op_id); hello, list and lookup on the loop of the instance.
  virtual void deliver(unsigned loop, InboundCall& call) noexcept = 0;
};

// Who hears that a bank shows life again: the breaker of one of its connectors has closed. (Its messages come through InboundSink.)
class BankObserver {
 public:
  virtual ~BankObserver() = default;
  virtual void bank_alive(unsigned loop, std::string_view bank) noexcept = 0;  // on that loop
};

// ---- psw.kv/1 --------------------------------------------------------------------------------------------------------------

// Answer to a KvStore call: on the loop it was asked on, exactly once. rows: psw_kv, borrowed for the call.
struct KvDone {
  void (*function)(void* context, std::int32_t code, psw_list rows) = nullptr;
  void* context = nullptr;
};

// Keys carry the instance's prefix already. Arguments are borrowed until `done` was called.
class KvStore {
 public:
  virtual ~KvStore() = default;
  virtual void get(unsigned loop, psw_str key, KvDone done) noexcept = 0;
  virtual void scan(unsigned loop, psw_str prefix, psw_str after, std::uint32_t limit, KvDone done) noexcept = 0;
  virtual void put(unsigned loop, psw_list kvs, KvDone done) noexcept = 0;  // all or nothing; PSW_CONFLICT on a version
};

// ---- psw.http-client/1, psw.http-routes/1 ----------------------------------------------------------------------------------

// Answer to a request: any thread, exactly once; borrowed for the call. Phase, status, headers and body are set.
struct HttpDone {
  void (*function)(void* context, const psw_http& answer) = nullptr;
  void* context = nullptr;
};

class HttpClientPort {
 public:
  virtual ~HttpClientPort() = default;
  // Any thread; `request` is borrowed until done. `loop`: where the I/O is to run.
  virtual void request(unsigned loop, std::string_view connector, const psw_http& request, HttpDone done) noexcept = 0;
};

// One request under a plugin's route, waiting for respond(). The implementation keeps it until then.
class RoutedRequest {
 public:
  virtual const psw_http& request() const noexcept = 0;
  virtual void respond(const psw_http& answer) noexcept = 0;  // any thread, exactly once; copies

 protected:
  ~RoutedRequest() = default;
};

class RouteTarget {
 public:
  // On the connection's loop. False: the inbox is full or the instance is down; answer 503.
  virtual bool deliver(RoutedRequest& request) noexcept = 0;

 protected:
  ~RouteTarget() = default;
};

class HttpRoutesPort {
 public:
  virtual ~HttpRoutesPort() = default;
  // [control] `bank` of the instance: a request goes to the instance whose bank the client's SPKI names. Empty error text: taken.
  virtual std::string route(std::string_view listener, std::string_view method, std::string_view path, std::string_view bank,
                            RouteTarget& target) = 0;
};

// ---- psw.secrets/1, psw.keys/1, psw.trace/1 ----------------------------------------------------------------------------------

class SecretSource {
 public:
  virtual ~SecretSource() = default;
  // [any] nullptr: no such secret. Never logged.
  virtual const std::string* secret(std::string_view connector, std::string_view name) noexcept = 0;
};

class KeyRing {
 public:
  virtual ~KeyRing() = default;
  // [any] Ed25519 over `message` with our own key; false: no such key.
  virtual bool sign(std::string_view key_id, std::string_view message, std::uint8_t signature[64]) noexcept = 0;
  // [any] the bank whose key it is, empty if the signature is not good or the key unknown.
  virtual std::string_view verify(std::string_view key_id, std::string_view message, const std::uint8_t signature[64]) noexcept = 0;
  // [any] whose key (by id) or certificate ("sha256/…") that is; empty: unknown.
  virtual std::string_view bank_of(std::string_view key_id_or_spki) noexcept = 0;
  // The key we sign with now.
  virtual std::string_view signing_key() const noexcept = 0;
};

class TraceSink {
 public:
  virtual ~TraceSink() = default;
  // [any] A finished span; name and fields are borrowed for the call.
  virtual void span(std::string_view connector, const psw_span& span) noexcept = 0;
};

}  // namespace payswitch::daemon::plugin_host

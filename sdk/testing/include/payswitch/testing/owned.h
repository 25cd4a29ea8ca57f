// Deep copies of what crosses the border, for events that wait in an inbox after their origin is gone. Addresses are stable.
#pragma once

#include <payswitch/abi.h>
#include <payswitch/str.h>

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace payswitch::testing {

class Strings {
 public:
  psw_str keep(psw_str s) { return keep(view(s)); }
  psw_str keep(std::string_view s) { return str(kept_.emplace_back(s)); }

 private:
  std::deque<std::string> kept_;
};

enum class BodyKind { none, decision, hello, identity };
enum class RowKind { none, decision, kv, signature, verified };

// A psw_reply and all it points to.
class OwnedReply {
 public:
  OwnedReply(const psw_reply& r, BodyKind body, RowKind row_kind) : reply(sized_copy(&r)) {
    reply.size = sizeof reply;
    reply.reason = strings_.keep(r.reason);
    reply.text = strings_.keep(r.text);
    reply.position = strings_.keep(r.position);
    reply.body = nullptr;
    if (r.body != nullptr) {
      if (body == BodyKind::decision) {
        decision_ = keep(sized_copy(static_cast<const psw_decision*>(r.body)));
        reply.body = &decision_;
      } else if (body == BodyKind::hello) {
        hello_ = sized_copy(static_cast<const psw_hello*>(r.body));
        hello_.size = sizeof hello_;
        hello_.bank = strings_.keep(hello_.bank);
        for (const psw_money& m : rows<psw_money>(hello_.currencies)) currencies_.push_back(m);
        hello_.currencies = list_of(currencies_.data(), currencies_.size());
        reply.body = &hello_;
      } else if (body == BodyKind::identity) {
        identity_ = sized_copy(static_cast<const psw_identity*>(r.body));
        for (psw_str* s : {&identity_.redirect, &identity_.blob, &identity_.issuer, &identity_.subject, &identity_.email, &identity_.name, &identity_.hosted_domain}) *s = strings_.keep(*s);
        reply.body = &identity_;
      }
    }
    reply.rows = {};
    if (row_kind == RowKind::decision) {
      for (const psw_decision& d : rows<psw_decision>(r.rows)) decisions_.push_back(keep(d));
      reply.rows = list_of(decisions_.data(), decisions_.size());
    } else if (row_kind == RowKind::kv) {
      for (psw_kv k : rows<psw_kv>(r.rows)) {
        k.key = strings_.keep(k.key);
        k.value = strings_.keep(k.value);
        kvs_.push_back(k);
      }
      reply.rows = list_of(kvs_.data(), kvs_.size());
    } else if (row_kind == RowKind::signature) {
      for (psw_signature s : rows<psw_signature>(r.rows)) {
        s.key_id = strings_.keep(s.key_id);
        signatures_.push_back(s);
      }
      reply.rows = list_of(signatures_.data(), signatures_.size());
    } else if (row_kind == RowKind::verified) {
      for (psw_verified v : rows<psw_verified>(r.rows)) {
        v.bank = strings_.keep(v.bank);
        verified_.push_back(v);
      }
      reply.rows = list_of(verified_.data(), verified_.size());
    }
  }
  OwnedReply(const OwnedReply&) = delete;
  OwnedReply& operator=(const OwnedReply&) = delete;

  psw_reply reply;
  const psw_decision* decision() const noexcept { return static_cast<const psw_decision*>(reply.body); }
  const psw_hello* hello() const noexcept { return static_cast<const psw_hello*>(reply.body); }
  const psw_identity* identity() const noexcept { return static_cast<const psw_identity*>(reply.body); }

 private:
  psw_decision keep(psw_decision d) {
    d.size = sizeof d;
    for (psw_str* s : {&d.payer, &d.payee, &d.code, &d.peer_reference, &d.verified_key}) *s = strings_.keep(*s);
    return d;
  }

  Strings strings_;
  psw_decision decision_{};
  psw_hello hello_{};
  psw_identity identity_{};
  std::vector<psw_money> currencies_;
  std::vector<psw_decision> decisions_;
  std::vector<psw_kv> kvs_;
  std::vector<psw_signature> signatures_;
  std::vector<psw_verified> verified_;
};

// A psw_http and all it points to.
class OwnedHttp {
 public:
  explicit OwnedHttp(const psw_http& h) : http(sized_copy(&h)) {
    http.size = sizeof http;
    for (psw_str* s : {&http.method, &http.target, &http.authority, &http.body, &http.peer_spki, &http.remote, &http.tls_profile}) *s = strings_.keep(*s);
    for (psw_header x : rows<psw_header>(h.headers)) headers_.push_back({strings_.keep(x.name), strings_.keep(x.value)});
    http.headers = list_of(headers_.data(), headers_.size());
  }
  OwnedHttp(const OwnedHttp&) = delete;
  OwnedHttp& operator=(const OwnedHttp&) = delete;
  psw_http http;

 private:
  Strings strings_;
  std::vector<psw_header> headers_;
};

}  // namespace payswitch::testing

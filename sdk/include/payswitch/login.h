// login<D>: speaks to an identity provider. State, sealing, replay checks, users, sessions and tokens are the core's.
//   task<login_reply> begin(const begin_op&);     login_reply::redirect(url, blob)
//   task<login_reply> finish(const finish_op&);   login_reply::identity(who) or denied(reason)
#pragma once

#include <payswitch/connector.h>
#include <payswitch/plugin.h>

#include <array>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace payswitch {

class login_op : public operation {
 public:
  explicit login_op(const psw_op& op) noexcept : operation(op), login_(sized_copy(static_cast<const psw_login*>(op.body))) {}
  std::string_view redirect_uri() const noexcept { return view(login_.redirect_uri); }
  std::string_view state() const noexcept { return view(login_.state); }    // begin: goes into the provider's URL
  std::string_view query() const noexcept { return view(login_.query); }    // finish: of the callback, raw
  std::string_view blob() const noexcept { return view(login_.blob); }      // finish: what begin gave, kept sealed by the core
  std::string_view locale() const noexcept { return view(login_.locale); }

 private:
  psw_login login_;
};
class begin_op : public login_op { using login_op::login_op; };
class finish_op : public login_op { using login_op::login_op; };

class person {
 public:
  person(std::string_view iss, std::string_view sub) : issuer(iss), subject(sub) {}
  std::string issuer, subject, email, name, hosted_domain;
  bool email_verified = false;
  std::int64_t auth_time = 0;
};
static_assert(!std::is_aggregate_v<person>);

class login_reply {
 public:
  static login_reply redirect(std::string_view url, std::string_view blob) {
    login_reply out(Code::ok, "", "");
    out.redirect_ = url;
    out.blob_ = blob;
    return out;
  }
  static login_reply identity(person who) {
    login_reply out(Code::ok, "", "");
    out.who_ = std::move(who);
    return out;
  }
  static login_reply denied(std::string_view why, std::string_view sentence = "") { return {Code::rule, why, sentence}; }
  static login_reply failed(Code c, std::string_view why, std::string_view sentence = "") { return {c, why, sentence}; }
  static login_reply unknown(std::string_view why = "", std::string_view sentence = "") { return {Code::unavailable, why, sentence}; }

  static detail::owned_reply owned(psw_handle handle, login_reply reply) {
    auto* r = new login_reply(std::move(reply));
    detail::owned_reply out;
    out.holder = std::unique_ptr<void, void (*)(void*)>(r, [](void* p) { delete static_cast<login_reply*>(p); });
    r->body_.size = sizeof r->body_;
    r->body_.redirect = str(r->redirect_);
    r->body_.blob = str(r->blob_);
    r->body_.issuer = str(r->who_.issuer);
    r->body_.subject = str(r->who_.subject);
    r->body_.email = str(r->who_.email);
    r->body_.name = str(r->who_.name);
    r->body_.hosted_domain = str(r->who_.hosted_domain);
    r->body_.email_verified = r->who_.email_verified ? 1 : 0;
    r->body_.auth_time = r->who_.auth_time;
    out.abi.size = sizeof out.abi;
    out.abi.handle = handle;
    out.abi.code = static_cast<std::int32_t>(r->code_);
    out.abi.reason = str(r->reason_);
    out.abi.text = str(r->text_);
    out.abi.failed = -1;
    if (r->code_ == Code::ok) out.abi.body = &r->body_;
    return out;
  }

 private:
  login_reply(Code c, std::string_view why, std::string_view sentence) : code_(c), reason_(why), text_(sentence) {}
  Code code_;
  std::string reason_, text_, redirect_, blob_;
  person who_{"", ""};
  psw_identity body_{};
};

template <class D>
class login : public connector<D> {
 public:
  static constexpr std::int32_t role = PSW_TYPE_LOGIN;
  static constexpr std::array<psw_lane, 1> lanes = {
      psw_lane{connector<D>::style().mode, connector<D>::style().threads, connector<D>::style().inbox_max, PSW_GROUP_LOGIN | PSW_GROUP_COMMAND}};
  static constexpr std::uint64_t capabilities() noexcept { return 0; }

  void on_operation(const psw_op& op) {
    switch (op.kind) {
      case PSW_OP_LOGIN_BEGIN: return this->template run<begin_op, &D::begin>(op);
      case PSW_OP_LOGIN_FINISH: return this->template run<finish_op, &D::finish>(op);
      case PSW_OP_COMMAND:
        if constexpr (requires(D& d, const command_op& o) { d.command(o); }) return this->template run<command_op, &D::command>(op);
        break;
      default: break;
    }
    this->not_supported(op);
  }
};

}  // namespace payswitch

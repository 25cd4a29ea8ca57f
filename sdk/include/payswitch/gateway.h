// gateway<D>: a connector to another bank. Capabilities follow from which members exist:
//   task<credit_reply> credit(const credit_op&);     required, and idempotent: a repeat of an op_id is the same operation
//   task<cancel_reply> cancel(const cancel_op&);     leaves a tombstone at the peer, or answers applied
//   task<query_reply>  query(const query_op&);       must never cause a credit
//   task<hello_reply> hello(const hello_op&); task<recall_reply> recall(const recall_op&); task<lookup_reply> lookup(const lookup_op&);
//   task<reconcile_reply> reconcile(const reconcile_op&);
// Each may also return its reply plainly (no task). static constexpr bool reports = true: news comes by report();
// final_not_found = true: the peer records refused(expired) by its own clock. Without cancel, and without query + final_not_found, a
// gateway cannot be safe and does not compile.
#pragma once

#include <payswitch/connector.h>
#include <payswitch/plugin.h>

#include <array>
#include <cstdint>

namespace payswitch {

template <class D>
class gateway : public connector<D> {
 public:
  static constexpr std::int32_t role = PSW_TYPE_GATEWAY;
  static constexpr std::array<psw_lane, 1> lanes = {
      psw_lane{connector<D>::style().mode, connector<D>::style().threads, connector<D>::style().inbox_max, PSW_GROUP_GATEWAY | PSW_GROUP_COMMAND | PSW_GROUP_HTTP}};

  static constexpr std::uint64_t capabilities() noexcept {
    constexpr bool credits = requires(D& d, const credit_op& o) { d.credit(o); };
    constexpr bool cancels = requires(D& d, const cancel_op& o) { d.cancel(o); };
    constexpr bool queries = requires(D& d, const query_op& o) { d.query(o); };
    std::uint64_t out = PSW_CAP_IDEMPOTENT;
    bool expires = false;
    if constexpr (requires { D::final_not_found; }) expires = D::final_not_found;
    if constexpr (requires { D::reports; }) out |= D::reports ? PSW_CAP_REPORTS : 0u;
    if constexpr (requires { D::batches; }) out |= D::batches ? PSW_CAP_BATCH : 0u;
    if (cancels) out |= PSW_CAP_CANCEL;
    if (queries) out |= PSW_CAP_QUERY;
    if (expires) out |= PSW_CAP_EXPIRES;
    if constexpr (requires(D& d, const recall_op& o) { d.recall(o); }) out |= PSW_CAP_RECALL;
    if constexpr (requires(D& d, const reconcile_op& o) { d.reconcile(o); }) out |= PSW_CAP_RECONCILE;
    if constexpr (requires(D& d, const lookup_op& o) { d.lookup(o); }) out |= PSW_CAP_LOOKUP;
    static_assert(credits, "a gateway has a public member credit(const credit_op&)");
    static_assert(cancels || queries, "a gateway needs cancel, or query with final_not_found: it cannot be safe otherwise");
    return out;
  }

  void on_operation(const psw_op& op) {
    switch (op.kind) {
      case PSW_OP_CREDIT: return this->template run<credit_op, &D::credit>(op);
      case PSW_OP_QUERY:
        if constexpr (requires(D& d, const query_op& o) { d.query(o); }) return this->template run<query_op, &D::query>(op);
        break;
      case PSW_OP_CANCEL:
        if constexpr (requires(D& d, const cancel_op& o) { d.cancel(o); }) return this->template run<cancel_op, &D::cancel>(op);
        break;
      case PSW_OP_HELLO:
        if constexpr (requires(D& d, const hello_op& o) { d.hello(o); }) return this->template run<hello_op, &D::hello>(op);
        break;
      case PSW_OP_RECALL:
        if constexpr (requires(D& d, const recall_op& o) { d.recall(o); }) return this->template run<recall_op, &D::recall>(op);
        break;
      case PSW_OP_LOOKUP:
        if constexpr (requires(D& d, const lookup_op& o) { d.lookup(o); }) return this->template run<lookup_op, &D::lookup>(op);
        break;
      case PSW_OP_RECONCILE:
        if constexpr (requires(D& d, const reconcile_op& o) { d.reconcile(o); }) return this->template run<reconcile_op, &D::reconcile>(op);
        break;
      case PSW_OP_COMMAND:
        if constexpr (requires(D& d, const command_op& o) { d.command(o); }) return this->template run<command_op, &D::command>(op);
        break;
      default: break;
    }
    this->not_supported(op);
  }
};

}  // namespace payswitch

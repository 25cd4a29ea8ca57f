// The service tables of FakeHost. Included by fake_host.h.
#pragma once

#include <payswitch/testing/fake_host.h>

namespace payswitch::testing {

inline void FakeHost::fill_tables() {
  host_ = psw_host{sizeof(psw_host), PSW_ABI_MINOR, this, &take, [](void*, std::uint32_t) noexcept { return -1; }, &complete, &ready, &service, &log, &FakeConfig::get};

  executor_.size = sizeof executor_;
  executor_.now_ns = [](void* ctx) noexcept { return from(ctx).clock_.now_ns(); };
  executor_.wall_ms = [](void* ctx) noexcept { return from(ctx).clock_.wall_ms(); };
  executor_.timer = [](void* ctx, std::uint32_t lane, std::uint64_t at_ns, std::uint64_t token) noexcept -> std::int32_t {
    FakeHost& h = from(ctx);
    if (h.refuse_services) return PSW_OVERLOADED;
    h.timers_.emplace(at_ns, [&h, lane, token] { h.push(lane, PSW_EV_TIMER, token, nullptr, {}); });
    return 0;
  };
  executor_.watch = [](void* ctx, std::uint32_t lane, std::int32_t fd, std::int32_t events, std::uint64_t token) noexcept -> std::int32_t {
    FakeHost& h = from(ctx);
    std::erase_if(h.watches_, [fd](const Watch& w) { return w.fd == fd; });
    if (events != 0) h.watches_.push_back({lane, fd, events, token});
    return 0;
  };
  executor_.random = [](void* ctx, void* out, std::uint64_t bytes) noexcept {
    for (std::uint64_t at = 0; at < bytes; at += 8) {
      const std::uint64_t word = from(ctx).next_random();
      std::memcpy(static_cast<char*>(out) + at, &word, std::min<std::uint64_t>(8, bytes - at));
    }
  };

  http_.size = sizeof http_;
  http_.request = [](void* ctx, std::uint32_t lane, const psw_http* request, std::uint64_t token) noexcept -> std::int32_t {
    FakeHost& h = from(ctx);
    if (h.refuse_services) return PSW_OVERLOADED;
    HttpSeen seen{std::string(view(request->method)), std::string(view(request->target)), std::string(view(request->body)), std::string(view(request->tls_profile)), {}};
    for (const psw_header& x : rows<psw_header>(request->headers)) seen.headers.emplace_back(view(x.name), view(x.value));
    if (h.carry) {
      const auto waits = std::make_shared<bool>(true);
      const auto answer_once = [&h, lane, token, waits, alive = std::weak_ptr<int>(h.alive_)](const HttpReply& answer) {
        if (!alive.expired() && std::exchange(*waits, false)) h.push_http(lane, token, answer);
      };
      if (request->call_deadline_ns != 0) {
        h.timers_.emplace(request->call_deadline_ns, [answer_once] { answer_once(HttpReply{.phase = PSW_HTTP_SENT_ALL, .status = 0, .body = {}, .headers = {}, .delay_ns = 0}); });
      }
      h.carry(seen, answer_once);
      return 0;
    }
    h.requests.push_back(seen);
    HttpReply answer = h.network(seen);
    std::uint64_t at = h.clock_.now_ns() + answer.delay_ns;
    if (request->call_deadline_ns != 0 && at > request->call_deadline_ns) {  // one total call deadline, as the daemon's client
      at = request->call_deadline_ns;
      answer = HttpReply{.phase = std::min(answer.phase, PSW_HTTP_SENT_ALL), .status = 0, .body = {}, .headers = {}, .delay_ns = 0};
    }
    h.timers_.emplace(at, [&h, lane, token, answer] { h.push_http(lane, token, answer); });
    return 0;
  };
  http_.route = [](void* ctx, std::uint32_t lane, psw_str listener, psw_str method, psw_str path, psw_error*) noexcept -> std::int32_t {
    from(ctx).routes.push_back({lane, std::string(view(listener)), std::string(view(method)), std::string(view(path))});
    return PSW_OK;
  };
  http_.respond = [](void* ctx, const psw_http* r) noexcept -> std::int32_t {
    HttpReply answer{.phase = PSW_HTTP_DONE, .status = r->status, .body = std::string(view(r->body)), .headers = {}, .delay_ns = 0};
    for (const psw_header& x : rows<psw_header>(r->headers)) answer.headers.emplace_back(view(x.name), view(x.value));
    if (from(ctx).responded) {
      from(ctx).responded(r->handle, answer);
      return PSW_OK;
    }
    return from(ctx).responses.emplace(r->handle, std::move(answer)).second ? PSW_OK : PSW_INVALID;  // once per handle
  };

  inbound_.size = sizeof inbound_;
  inbound_.credit = [](void* ctx, std::uint32_t lane, const psw_credit* c, std::uint64_t token) noexcept -> std::int32_t {
    if (from(ctx).refuse_services) return PSW_OVERLOADED;
    from(ctx).inbound->credit(*c, from(ctx).done_on(lane, token, BodyKind::decision));
    return 0;
  };
  inbound_.cancel = [](void* ctx, std::uint32_t lane, const psw_credit* c, std::uint64_t token) noexcept -> std::int32_t {
    from(ctx).inbound->cancel(*c, from(ctx).done_on(lane, token, BodyKind::decision));
    return 0;
  };
  inbound_.query = [](void* ctx, std::uint32_t lane, const psw_credit* c, std::uint64_t token) noexcept -> std::int32_t {
    from(ctx).inbound->query(*c, from(ctx).done_on(lane, token, BodyKind::decision));
    return 0;
  };
  inbound_.list = [](void* ctx, std::uint32_t lane, const psw_read* r, std::uint64_t token) noexcept -> std::int32_t {
    from(ctx).inbound->list(*r, from(ctx).done_on(lane, token, BodyKind::none, RowKind::decision));
    return 0;
  };
  inbound_.lookup = [](void* ctx, std::uint32_t lane, psw_str account, const char currency[4], std::uint64_t token) noexcept -> std::int32_t {
    from(ctx).inbound->lookup(view(account), std::string_view(currency, 3), from(ctx).done_on(lane, token, BodyKind::none));
    return 0;
  };
  inbound_.hello = [](void* ctx, std::uint32_t lane, const psw_history* theirs, std::uint64_t token) noexcept -> std::int32_t {
    from(ctx).inbound->hello(*theirs, from(ctx).done_on(lane, token, BodyKind::hello));
    return 0;
  };
  inbound_.report = [](void* ctx, std::uint32_t lane, const psw_decision* d, std::uint64_t token) noexcept -> std::int32_t {
    if (from(ctx).refuse_services) return PSW_OVERLOADED;
    from(ctx).inbound->report(*d, from(ctx).done_on(lane, token, BodyKind::decision));
    return 0;
  };

  store_.size = sizeof store_;
  store_.get = [](void* ctx, std::uint32_t lane, psw_str key, std::uint64_t token) noexcept -> std::int32_t {
    FakeHost& h = from(ctx);
    psw_reply r{};
    r.size = sizeof r;
    psw_kv row{};
    const auto at = h.kv.find(std::string(view(key)));
    if (at == h.kv.end()) {
      r.code = PSW_ABSENT;
    } else {
      row = psw_kv{str(at->first), str(at->second.first), at->second.second, 0};
      r.rows = list_of(&row, 1);
    }
    h.push_reply(lane, token, r, BodyKind::none, RowKind::kv);
    return 0;
  };
  store_.scan = [](void* ctx, std::uint32_t lane, psw_str prefix, psw_str after, std::uint32_t limit, std::uint64_t token) noexcept -> std::int32_t {
    FakeHost& h = from(ctx);
    std::vector<psw_kv> page;
    for (const auto& [key, value] : h.kv) {
      if (!key.starts_with(view(prefix)) || (!empty(after) && key <= view(after))) continue;
      if (page.size() == limit) break;
      page.push_back({str(key), str(value.first), value.second, 0});
    }
    psw_reply r{};
    r.size = sizeof r;
    r.rows = list_of(page.data(), page.size());
    h.push_reply(lane, token, r, BodyKind::none, RowKind::kv);
    return 0;
  };
  store_.put = [](void* ctx, std::uint32_t lane, psw_list all, std::uint64_t token) noexcept -> std::int32_t {
    FakeHost& h = from(ctx);
    psw_reply r{};
    r.size = sizeof r;
    for (const psw_kv& k : rows<psw_kv>(all)) {  // all or none
      const auto at = h.kv.find(std::string(view(k.key)));
      if (k.version != (at == h.kv.end() ? 0 : at->second.second)) r.code = PSW_CONFLICT;
      if (k.value.size > PSW_KV_VALUE_MAX) r.code = PSW_INVALID;
    }
    if (r.code == PSW_OK) {
      for (const psw_kv& k : rows<psw_kv>(all)) {
        if (empty(k.value)) h.kv.erase(std::string(view(k.key)));
        else h.kv[std::string(view(k.key))] = {std::string(view(k.value)), k.version + 1};
      }
    }
    h.push_reply(lane, token, r, BodyKind::none, RowKind::kv);
    return 0;
  };

  keys_.size = sizeof keys_;
  keys_.sign = [](void* ctx, std::uint32_t lane, psw_list messages, std::uint64_t token) noexcept -> std::int32_t {
    FakeHost& h = from(ctx);
    std::vector<psw_signature> out;
    std::deque<std::string> key_ids;
    for (const psw_str& m : rows<psw_str>(messages)) {
      psw_signature s{};
      if (h.keys != nullptr) {
        s.key_id = str(key_ids.emplace_back(h.keys->sign(view(m), s.bytes)));
      } else {
        s.key_id = str(h.signing_key);
        fake_signature(h.signing_key, view(m), s.bytes);
      }
      out.push_back(s);
    }
    psw_reply r{};
    r.size = sizeof r;
    if (std::any_of(key_ids.begin(), key_ids.end(), [](const std::string& id) { return id.empty(); })) {
      r.code = PSW_UNAVAILABLE;
      out.clear();
    }
    r.rows = list_of(out.data(), out.size());
    h.push_reply(lane, token, r, BodyKind::none, RowKind::signature);
    return 0;
  };
  keys_.verify = [](void* ctx, std::uint32_t lane, psw_list items, std::uint64_t token) noexcept -> std::int32_t {
    FakeHost& h = from(ctx);
    std::vector<psw_verified> out;
    std::deque<std::string> banks;
    for (const psw_to_verify& i : rows<psw_to_verify>(items)) {
      psw_verified v{PSW_ABSENT, 0, {nullptr, 0}};
      if (h.keys != nullptr) {
        v.code = h.keys->verify(view(i.key_id), view(i.message), i.signature, banks.emplace_back());
        v.bank = str(banks.back());
        out.push_back(v);
        continue;
      }
      const auto owner = h.key_owner.find(std::string(view(i.key_id)));
      if (owner != h.key_owner.end()) {
        std::uint8_t expected[64];
        fake_signature(owner->first, view(i.message), expected);
        v.code = std::memcmp(expected, i.signature, sizeof expected) == 0 ? PSW_OK : PSW_INVALID;
        v.bank = str(owner->second);
      }
      out.push_back(v);
    }
    psw_reply r{};
    r.size = sizeof r;
    r.rows = list_of(out.data(), out.size());
    h.push_reply(lane, token, r, BodyKind::none, RowKind::verified);
    return 0;
  };

  secrets_.size = sizeof secrets_;
  secrets_.read = [](void* ctx, psw_str name, psw_str* out, psw_error*) noexcept -> std::int32_t {
    const auto at = from(ctx).secrets.find(std::string(view(name)));
    if (at == from(ctx).secrets.end()) return PSW_ABSENT;
    *out = str(at->second);
    return PSW_OK;
  };
  metrics_.size = sizeof metrics_;
  metrics_.declare = [](void* ctx, const psw_metric* m, std::uint32_t* out, psw_error*) noexcept -> std::int32_t {
    FakeHost& h = from(ctx);
    if (h.configured_) return PSW_INVALID;  // frozen after configure
    *out = static_cast<std::uint32_t>(h.metric_names.size());
    h.metric_names.emplace_back(view(m->name));
    h.metric_values.push_back(0);
    return PSW_OK;
  };
  metrics_.add = [](void* ctx, std::uint32_t metric, std::int64_t n) noexcept { from(ctx).metric_values.at(metric) += n; };
  metrics_.set = [](void* ctx, std::uint32_t metric, std::int64_t n) noexcept { from(ctx).metric_values.at(metric) = n; };
  trace_.size = sizeof trace_;
  trace_.new_span = [](void* ctx) noexcept { return from(ctx).next_random(); };
  trace_.end_span = [](void* ctx, const psw_span* span) noexcept {
    psw_span copy = sized_copy(span);
    copy.name = {};
    copy.fields = {};
    from(ctx).spans.push_back(copy);
  };
}

}  // namespace payswitch::testing

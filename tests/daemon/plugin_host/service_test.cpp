// What plugins get from the host: configuration, clock and timers, descriptors, metrics, inbound credits, kv, keys, routes.
#include <unistd.h>

#include <map>

#include "daemon/plugin_host/world.h"
#include "plugin_host/key_ring.h"

namespace payswitch::daemon::plugin_host {
namespace {

// The plugin `probe` (fixtures/probe.cpp) runs one service call per command and tells in text what it got.
class Services : public testing::Test {
 protected:
  struct Sink final : InboundSink {
    void deliver(unsigned loop, InboundCall& call) noexcept override {
      ++delivered;
      last_loop = loop;
      bank = call.bank;
      kind = call.kind;
      if (call.kind == InboundKind::hello) {
        psw_hello hello{};
        hello.size = sizeof hello;
        hello.bank = psw_str{"mj", 2};
        psw_money krw{0, {'K', 'R', 'W', 0}, 0};
        hello.currencies = psw_list{&krw, 1, sizeof krw};
        psw_reply reply{};
        reply.size = sizeof reply;
        reply.body = &hello;
        return call.answer(reply);
      }
      const auto& credit = *static_cast<const psw_credit*>(call.body);
      payee.assign(credit.payee.data, credit.payee.size);
      psw_decision decision{};
      decision.size = sizeof decision;
      decision.outcome = PSW_APPLIED;
      decision.op_id = credit.op_id;
      psw_reply reply{};
      reply.size = sizeof reply;
      reply.outcome = PSW_APPLIED;
      reply.body = &decision;
      call.answer(reply);
    }
    int delivered = 0;
    unsigned last_loop = 0;
    InboundKind kind{};
    std::string bank, payee;
  };
  struct Store final : KvStore {
    void get(unsigned, psw_str key, KvDone done) noexcept override {
      const auto it = rows.find(std::string(key.data, key.size));
      if (it == rows.end()) return done.function(done.context, PSW_ABSENT, {});
      const psw_kv row{{it->first.data(), it->first.size()}, {it->second.data(), it->second.size()}, 1, 0};
      done.function(done.context, PSW_OK, {&row, 1, sizeof row});
    }
    void scan(unsigned, psw_str, psw_str, std::uint32_t, KvDone done) noexcept override { done.function(done.context, PSW_OK, {}); }
    void put(unsigned, psw_list kvs, KvDone done) noexcept override {
      for (std::uint32_t i = 0; i < kvs.n; ++i) {
        const auto& kv = static_cast<const psw_kv*>(kvs.data)[i];
        rows[std::string(kv.key.data, kv.key.size)].assign(kv.value.data, kv.value.size);
      }
      done.function(done.context, PSW_OK, {});
    }
    std::map<std::string, std::string> rows;
  };
  struct Routes final : HttpRoutesPort {
    std::string route(std::string_view, std::string_view, std::string_view path, std::string_view bank, RouteTarget& to) override {
      paths.push_back(std::string(bank) + path.data());
      target = &to;
      return {};
    }
    std::vector<std::string> paths;
    RouteTarget* target = nullptr;
  };
  struct Request final : RoutedRequest {
    const psw_http& request() const noexcept override { return http; }
    void respond(const psw_http& answer) noexcept override {
      ++answered;
      status = answer.status;
    }
    psw_http http{};
    int answered = 0, status = 0;
  };

  Services() : world(false, 2, 100, [this](HostParts& parts) {
    parts.inbound = &sink;
    parts.kv = &store;
    parts.keys = &keys;
    parts.http_routes = &routes;
  }) {
    const char pem[] = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
    EXPECT_TRUE(keys.add_own("mj-1", pem).ok());
    // The public half of that key, as if it were the other bank's.
    EXPECT_TRUE(keys.add_theirs("jh", "jh-1", "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=").ok());
  }
  std::string ask(const std::string& what) {
    if (probe == nullptr) {
      ConnectorSettings s = World::settings("probe", "probe");
      s.bank = "jh";
      s.our_bank = "mj";
      auto options = std::make_shared<FlatOptions>();
      options->text("url", "https://jh.example").integer("timeout", 2'000'000'000).text("free.a", "1").text("free.b", "2");
      s.options = options;
      probe = world.up(s);
    }
    Seen seen;
    Call* const call = probe->acquire(0);
    psw_call body{};
    body.size = sizeof body;
    body.name = psw_str{what.data(), what.size()};
    call->op.kind = PSW_OP_COMMAND;
    call->op.body = &body;
    call->completion = {Seen::take, &seen};
    probe->submit(0, call);
    world.run();
    world.manual.advance_ms(50);
    world.run();
    return seen.times == 1 ? seen.text : "no answer";
  }

  Sink sink;
  Store store;
  Routes routes;
  Ed25519KeyRing keys;
  World world;
  Participant* probe = nullptr;
};

TEST_F(Services, options_and_the_hosts_own_facts_are_read_by_path) {
  EXPECT_EQ(ask("config"), "url=https://jh.example timeout=2000000000 name=probe bank=jh our_bank=mj tls=absent free=2 absent=4");
}
TEST_F(Services, a_timer_comes_when_the_clock_says_so) { EXPECT_EQ(ask("timer"), "timer 77"); }
TEST_F(Services, a_descriptor_that_is_ready_is_reported_once) { EXPECT_EQ(ask("watch"), "fd 1"); }
TEST_F(Services, a_metric_is_declared_in_configure_and_counted) {
  EXPECT_EQ(ask("metric"), "counted");
  std::string text;
  world.metrics.write_text(text);
  EXPECT_NE(text.find("probe_total{connector=\"probe\"} 3"), std::string::npos) << text;
}
TEST_F(Services, an_inbound_credit_reaches_the_core_on_its_loop_and_is_answered_after) {
  EXPECT_EQ(ask("inbound"), "credit code=0 outcome=1 echo=9");
  EXPECT_EQ(sink.delivered, 1);
  EXPECT_EQ(sink.bank, "jh");
  EXPECT_EQ(sink.payee, "mj-1");
  psw_id id{};
  id.b[15] = 9;
  EXPECT_EQ(sink.last_loop, loop_of(id, 2));
}
TEST_F(Services, a_credit_signed_by_another_banks_key_never_reaches_the_core) {
  ASSERT_TRUE(keys.add_spki("third", "sha256/third").ok());
  EXPECT_EQ(ask("inbound_foreign"), "credit code=5 outcome=0 echo=-1");
  EXPECT_EQ(sink.delivered, 0);
}
TEST_F(Services, hello_of_a_peer_is_answered_with_our_own) { EXPECT_EQ(ask("hello"), "hello mj KRW"); }
TEST_F(Services, keys_and_values_lie_in_a_name_space_of_the_instance) {
  EXPECT_EQ(ask("kv_put"), "code=0");
  EXPECT_EQ(store.rows.count("plugin/probe/offset"), 1u);
  EXPECT_EQ(ask("kv_get"), "code=0 offset=42");
  EXPECT_EQ(ask("kv_absent"), "code=4");
  EXPECT_EQ(ask("kv_too_large"), "refused 5");
}
TEST_F(Services, signatures_are_made_and_verified_in_batches) {
  EXPECT_EQ(ask("sign_verify"), "good=0:jh bad=5 unknown=4");
}
TEST_F(Services, a_route_brings_requests_to_the_lane_and_is_answered_once) {
  ask("config");
  ASSERT_EQ(routes.paths.size(), 1u);
  EXPECT_EQ(routes.paths[0], "jh/peer/v1/credits");
  Request request;
  ASSERT_TRUE(routes.target->deliver(request));
  world.run();
  EXPECT_EQ(request.answered, 1);
  EXPECT_EQ(request.status, 204);
  EXPECT_EQ(world.status().stale, 1u);  // the plugin answers twice on purpose
}
TEST_F(Services, a_service_that_has_nothing_behind_it_is_absent) { EXPECT_EQ(ask("absent"), "http-client absent"); }
TEST_F(Services, new_options_come_as_an_event) {
  ask("config");
  auto options = std::make_shared<FlatOptions>();
  options->text("url", "https://new.example");
  ASSERT_TRUE(world.host->reconfigure("probe", options).ok());
  world.run();
  EXPECT_EQ(ask("url"), "https://new.example");
}

TEST(plugin_host_key_ring, an_id_of_two_banks_is_refused) {
  Ed25519KeyRing keys;
  EXPECT_TRUE(keys.add_theirs("jh", "k", "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=").ok());
  EXPECT_FALSE(keys.add_theirs("kb", "k", "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=").ok());
  EXPECT_FALSE(keys.add_theirs("kb", "l", "ed25519:short").ok());
  const auto own = keys.add_own("mine", "no pem at all: SECRET");
  ASSERT_FALSE(own.ok());
  EXPECT_EQ(own.error().message.find("SECRET"), std::string::npos);
}

}  // namespace
}  // namespace payswitch::daemon::plugin_host

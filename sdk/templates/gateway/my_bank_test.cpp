// Drives the plugin in one thread with a manual clock; the network is the lambda below.
#include <payswitch/testing/fake_host.h>
#include <payswitch/testing/gateway_driver.h>
#include <payswitch/testing/plugin_file.h>

#include <cstdio>
#include <cstdlib>

using namespace payswitch;
using namespace payswitch::testing;

static void expect(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "failed: %s\n", what);
  std::exit(1);
}

int main(int, char** argv) {
  ManualClock clock;
  FakeHost host(clock);
  GatewayDriver drive(host);
  host.option("endpoint", "https://bank.example");
  expect(host.load(type_of(load_plugin(argv[1]), "my_bank"), "my-bank").empty(), "the plugin starts");

  expect(drive.credit(drive.credit_of(15000)).outcome == Outcome::not_sent, "no connection: nothing was sent");

  host.network = [](const HttpSeen&) { return HttpReply{.phase = PSW_HTTP_DONE, .status = 503, .body = "", .headers = {}, .delay_ns = 0}; };
  const Seen& answered = drive.credit(drive.credit_of(15000));
  host.run();
  expect(answered.outcome == Outcome::unknown, "a status line decides nothing");
}

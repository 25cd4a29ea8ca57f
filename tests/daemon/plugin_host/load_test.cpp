// What a plugin file may be, and what each one that may not is told.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "plugin_host/inspect.h"
#include "daemon/plugin_host/world.h"

namespace payswitch::daemon::plugin_host {
namespace {

TEST(plugin_host, a_ledger_that_is_loaded_and_started_answers_a_write_on_the_loop) {
  World world(true);
  Participant* const ledger = world.up(World::settings("books", "scripted"));
  ASSERT_NE(ledger, nullptr);
  ASSERT_TRUE(world.host->wait_ready(2000).ok());
  Seen seen;
  ASSERT_NE(world.write(*ledger, seen), nullptr);
  EXPECT_EQ(seen.times, 0);
  EXPECT_TRUE(world.run_until([&] { return seen.times > 0; }));
  EXPECT_EQ(seen.times, 1);
  EXPECT_EQ(seen.reply.code, PSW_OK);
}

}  // namespace
}  // namespace payswitch::daemon::plugin_host

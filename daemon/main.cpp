// payswitchd: arguments, then run.
#include <sys/prctl.h>

#include <csignal>
#include <cstdio>

#include "app/arguments.h"
#include "app/check_config.h"
#include "app/daemon.h"
#include "app/exit_codes.h"
#include "app/version.h"
#include "config/load.h"

int main(int argc, char** argv) {
  using namespace payswitch::daemon;
  const auto arguments = app::parse_arguments(argc, argv);
  if (!arguments) {
    std::fprintf(stderr, "payswitchd: %s\n", arguments.error().message.c_str());
    return app::exit_usage;
  }
  switch (arguments->action) {
    case app::Action::help: std::fputs(app::help_text().c_str(), stdout); return app::exit_ok;
    case app::Action::version: std::printf("payswitchd %s\n", app::version_text); return app::exit_ok;
    case app::Action::print_defaults: std::fputs(config::print_defaults().c_str(), stdout); return app::exit_ok;
    case app::Action::print_reference: std::fputs(config::reference_page().c_str(), stdout); return app::exit_ok;
    case app::Action::check_config: return app::check_configuration(*arguments);
    case app::Action::run: break;
  }
  // Before any thread exists: signals are waited for by the main thread alone.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // Signing keys live in memory: no core file is written, and only root may look into the process.
  prctl(PR_SET_DUMPABLE, 0);
  app::Daemon daemon(*arguments);
  return daemon.run();
}

#include "control/answer.h"

#include "base/json.h"
#include "control/messages.h"
#include "control/request.h"

namespace payswitch::daemon::control {
namespace {

// What of the arguments may stand in the audit line: names and values, but no free text of customers or about them. Of a file, name, size
// and hash: what it says stands in the history of the transfer.
std::string audit_arguments(const Request& request) {
  std::string out;
  for (const auto& [name, value] : request.arguments) {
    if (name == "reference" || name == "consent") continue;
    bool file = false;
    for (const config::CommandArgument& known : request.command->arguments) file = file || (known.name == name && known.kind == config::ArgumentKind::file);
    out += (out.empty() ? "" : " ") + name + "=" + (file ? value.substr(0, value.find('\n')) : value);
  }
  return out;
}

}  // namespace

void Mailbox::put(Finished finished) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    finished_.push_back(std::move(finished));
  }
  event_.notify();
}

std::vector<Finished> Mailbox::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(finished_, {});
}

bool Mailbox::empty() {
  const std::lock_guard lock(mutex_);
  return finished_.empty() && !closed_;
}

void Mailbox::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  event_.notify();
}

bool Mailbox::closed() {
  const std::lock_guard lock(mutex_);
  return closed_;
}

bool Answer::State::finish(std::string_view outcome, std::string line) {
  if (done.exchange(true)) return false;
  logger->write(command_done, {{"command", request.command == nullptr ? std::string_view("?") : request.command->name},
                               {"actor", request.actor},
                               {"role", config::to_string(request.role)},
                               {"pid", request.peer.pid},
                               {"arguments", audit_arguments(request)},
                               {"outcome", outcome}});
  mailbox->put({connection, std::move(line)});
  return true;
}

Answer::State::~State() {
  if (done) return;
  logger->write(handler_lost, {{"command", request.command == nullptr ? std::string_view("?") : request.command->name}});
  finish("internal", error_line("internal", "the daemon dropped the command; its log says more"));
}

void Answer::ok(std::string result_json) const {
  if (result_json.size() > config::control_answer_bytes_max) return fail("refused", "the answer is too large; ask for less (--limit)");
  state_->finish("ok", ok_line(result_json));
}

void Answer::fail(std::string_view code, std::string_view message) const { state_->finish(code, error_line(code, message)); }

}  // namespace payswitch::daemon::control

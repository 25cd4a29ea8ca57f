#include "network.h"

#include <array>

namespace payswitch::simulation::peers {
namespace {

HttpReply broken_at(std::int32_t phase) { return HttpReply{.phase = phase, .status = 0, .body = {}, .headers = {}, .delay_ns = 0}; }

// "https://jh.test:8443/peer/…"
std::string bank_of(std::string_view target) {
  target.remove_prefix(std::min(target.size(), std::string_view("https://").size()));
  return std::string(target.substr(0, target.find('.')));
}
std::string_view path_of(std::string_view target) {
  const auto at = target.find('/', std::string_view("https://").size());
  return at == std::string_view::npos ? target : target.substr(at);
}

}  // namespace

bool Network::is_cut(std::string_view from, std::string_view to) const {
  const auto at = cut_.find({std::string(from), std::string(to)});
  return at != cut_.end() && timeline_.now_ns() < at->second;
}

void Network::carry(std::string_view from_view, unsigned daemon, const HttpSeen& request, Answered answered) {
  const std::string from(from_view), to = bank_of(request.target);
  ++requests;
  const auto say = [&](const char* what) {
    timeline_.say([&] { return from + "/" + std::to_string(daemon) + " > " + to + " " + request.method + " " + std::string(path_of(request.target)) + " " + what; });
  };
  if (leaves) leaves(from, daemon, request);
  const auto site = sites_.find(to);
  if (site == sites_.end() || !site->second->listening() || timeline_.chance(weather.no_connection)) {
    constexpr std::array<std::int32_t, 3> phases{PSW_HTTP_DNS, PSW_HTTP_CONNECT, PSW_HTTP_TLS};
    const auto phase = phases[timeline_.below(3)];
    say("cannot connect");
    timeline_.in(hop_ns(), [answered, phase] { answered(broken_at(phase)); });
    return;
  }
  if (forge && timeline_.chance(weather.answer_forged)) {
    if (auto forged = forge(request)) {
      say("answered by a forger");
      timeline_.in(hop_ns(), [answered, forged = std::move(*forged)] { answered(forged); });
      if (timeline_.chance(500)) return;  // and the bank never sees it
    }
  }
  const auto deliver = [this, from, to, request, answered](std::uint64_t after_ns) {
    timeline_.in(after_ns, [this, from, to, request, answered] { arrive(from, to, request, answered); });
  };
  if (timeline_.chance(weather.reset_before)) {
    say("reset before it arrives");
    timeline_.in(hop_ns(), [answered] { answered(broken_at(PSW_HTTP_SENT_SOME)); });
  } else if (timeline_.chance(weather.reset_after)) {
    say("reset, but it arrives");
    timeline_.in(hop_ns(), [answered] { answered(broken_at(PSW_HTTP_SENT_ALL)); });
    deliver(timeline_.chance(500) ? late_ns() : hop_ns());
  } else if (timeline_.chance(weather.request_lost)) {
    say("lost");
  } else if (timeline_.chance(weather.request_late)) {
    const auto late = late_ns();
    say("late");
    deliver(late);
  } else if (timeline_.chance(weather.request_twice)) {
    say("twice");
    deliver(hop_ns());
    deliver(late_ns());
  } else {
    say("");
    deliver(hop_ns());
  }
}

void Network::arrive(const std::string& from, const std::string& to, const HttpSeen& request, const Answered& answered) {
  auto& site = *sites_.at(to);
  const bool lost = is_cut(from, to) || !site.listening();
  timeline_.say([&] { return from + " > " + to + " " + request.method + " " + std::string(path_of(request.target)) + (lost ? " comes to nobody" : " arrives"); });
  if (lost) return;
  site.serve(from, request, [this, from, to, answered](const HttpReply& answer) { go_back(from, to, answer, answered); });
}

void Network::go_back(const std::string& from, const std::string& to, HttpReply answer, const Answered& answered) {
  const bool lost = is_cut(to, from) || timeline_.chance(weather.answer_lost);
  const HttpReply before = std::exchange(last_answer_, answer);
  if (timeline_.chance(weather.answer_status)) {
    constexpr std::array<int, 9> statuses{401, 403, 404, 409, 421, 429, 500, 502, 503};
    answer.status = statuses[timeline_.below(statuses.size())];
    switch (timeline_.below(4)) {
      case 0: answer.body.clear(); answer.headers.clear(); break;
      case 1: answer.body = "<html>no</html>"; answer.headers.clear(); break;
      case 2: answer.body = R"({"recorded":false,"error":"overloaded","retry_after_ms":500})"; answer.headers.clear(); break;
      default: break;  // body and signature of the true answer under another status
    }
  } else if (timeline_.chance(weather.answer_broken)) {
    switch (timeline_.below(5)) {
      case 0: answer.body.resize(answer.body.size() / 2); break;
      case 1: answer.body = "garbage"; break;
      case 2: answer.headers.clear(); break;
      case 3: answer = before; break;
      default:
        if (!answer.body.empty()) answer.body[timeline_.below(answer.body.size())] ^= 1;
    }
  }
  timeline_.say([&] { return to + " > " + from + " " + std::to_string(answer.status) + " " + answer.body.substr(0, 160) + (lost ? " (lost)" : ""); });
  if (lost) return;
  timeline_.in(timeline_.chance(weather.answer_late) ? late_ns() : hop_ns(), [answered, answer = std::move(answer)] { answered(answer); });
}

}  // namespace payswitch::simulation::peers

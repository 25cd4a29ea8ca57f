// The network between banks, as messages: a request that peer_http gave to its host arrives at the other bank's listener, its answer
// comes back, and on both ways anything may happen to them. What is already under way stays under way whoever dies.
#pragma once

#include <payswitch/testing/fake_host.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "timeline.h"

namespace payswitch::simulation::peers {

using testing::HttpReply;
using testing::HttpSeen;
using Answered = std::function<void(const HttpReply&)>;

// How likely each thing is, in thousandths of all messages. All zero: a good day.
struct Weather {
  unsigned no_connection = 0;      // refused, or the name is not found, or TLS fails: no byte leaves
  unsigned request_lost = 0;       // the client waits for nothing
  unsigned request_late = 0;       // by up to late_ms_max, without bound for a client
  unsigned request_twice = 0;      // the second copy by up to late_ms_max later
  unsigned reset_before = 0;       // the connection breaks; the request never arrives
  unsigned reset_after = 0;        // the connection breaks; the request arrives all the same
  unsigned answer_lost = 0;
  unsigned answer_late = 0;
  unsigned answer_status = 0;      // 401, 403, 404, 409, 421, 429, 500, 502, 503 in its place, with a body of another shape or none
  unsigned answer_broken = 0;      // cut, garbage, headers gone, or of another request
  unsigned answer_forged = 0;      // by somebody who has not the bank's key
  std::uint64_t late_ms_max = 1'000;

  static Weather calm() { return {}; }
};

// A bank's listener.
class Site {
 public:
  virtual bool listening() const = 0;
  // `from`: whose certificate it is. Answers at most once.
  virtual void serve(std::string_view from, const HttpSeen& request, Answered answered) = 0;

 protected:
  ~Site() = default;
};

class Network {
 public:
  explicit Network(Timeline& timeline) : timeline_(timeline) {}

  void add(std::string bank, Site& site) { sites_[std::move(bank)] = &site; }
  void carry(std::string_view from, unsigned daemon, const HttpSeen& request, Answered answered);
  // Nothing gets from one bank to the other until then; the other way goes on.
  void cut(const std::string& from, const std::string& to, std::uint64_t until_ns) { cut_[{from, to}] = until_ns; }
  void mend() { cut_.clear(); }
  // Told when a request leaves, before anything happens to it: a place for a crash.
  std::function<void(std::string_view from, unsigned daemon, const HttpSeen& request)> leaves;

  // What a forger says in the place of the bank that was asked; empty: nothing.
  std::function<std::optional<HttpReply>(const HttpSeen& request)> forge;
  // A request that no bank has sent, with `from`'s certificate (its TLS ends at somebody else's machine).
  void smuggle(const std::string& from, const std::string& to, const HttpSeen& request) { arrive(from, to, request, [](const HttpReply&) {}); }

  Weather weather;
  std::uint64_t requests = 0;

 private:
  bool is_cut(std::string_view from, std::string_view to) const;
  void arrive(const std::string& from, const std::string& to, const HttpSeen& request, const Answered& answered);
  void go_back(const std::string& from, const std::string& to, HttpReply answer, const Answered& answered);
  std::uint64_t hop_ns() { return timeline_.between(100, 5'000) * us; }
  std::uint64_t late_ns() { return timeline_.below(weather.late_ms_max + 1) * ms; }

  Timeline& timeline_;
  std::map<std::string, Site*, std::less<>> sites_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> cut_;
  HttpReply last_answer_;  // to whomever: what a confused proxy gives to somebody else
};

}  // namespace payswitch::simulation::peers

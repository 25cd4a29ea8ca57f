// A bank that speaks one line of text, and the rig around the gateway that speaks it (tests/fixtures/flawed_gateway). It deduplicates, keeps
// its decisions and leaves tombstones: whatever goes wrong is the gateway's or the way's.
#pragma once

#include <payswitch/conformance/http_rig.h>
#include <payswitch/testing/plugin_file.h>

#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>

namespace payswitch::conformance::test {

class TextBankRig final : public HttpRig {
 public:
  explicit TextBankRig(const std::string& flaw) {
    host_.option("flaw", flaw);
    const psw_type type = testing::type_of(testing::load_plugin(FLAWED_GATEWAY_FILE), "flawed_gateway");
    capabilities_ = type.capabilities;
    if (const std::string complaint = host_.load(type, "text-bank"); !complaint.empty()) throw std::runtime_error(complaint);
    take_the_network();
  }
  testing::FakeHost& host() override { return host_; }
  testing::GatewayDriver& drive() override { return drive_; }
  std::uint64_t capabilities() const override { return capabilities_; }
  std::size_t operations() override { return books_.size(); }
  Truth truth(const psw_id& op_id) override {
    Truth out;
    const auto at = books_.find(to_hex(op_id));
    if (at == books_.end()) return out;
    out.seen = true;
    out.applied = at->second.word == "applied" ? 1 : 0;
    out.minor = at->second.minor;
    out.refused = at->second.word == "refused";
    out.code = at->second.code;
    return out;
  }

 private:
  struct Entry {
    std::string word, payer, payee, currency, scale, hash, code;
    std::int64_t minor = 0;
  };

  testing::HttpReply bank(const testing::HttpSeen& seen) override {
    const std::string id = seen.target.substr(seen.target.rfind('/') + 1);
    const auto at = books_.find(id);
    if (seen.method == "GET") {
      if (at == books_.end()) return line(404, "none " + id);
      return say(id, at->second);
    }
    if (seen.method == "DELETE") {
      Entry tombstone;
      tombstone.word = "refused";
      tombstone.code = "cancelled";
      tombstone.payer = tombstone.payee = tombstone.currency = tombstone.hash = "-";
      tombstone.scale = "0";
      return say(id, books_.try_emplace(id, tombstone).first->second);
    }
    if (shed_.erase(id) != 0) return line(503, "shed " + id);
    const bool waits = pending_.erase(id) != 0;
    if (at != books_.end()) {
      if (at->second.word == "pending") at->second.word = "applied";
      return say(id, at->second);
    }
    Entry entry;
    std::istringstream body(seen.body);
    body >> entry.payer >> entry.payee >> entry.minor >> entry.currency >> entry.scale >> entry.hash;
    if (const auto code = refusals_.find(id); code != refusals_.end()) entry.code = code->second;
    entry.word = waits ? "pending" : entry.code.empty() ? "applied" : "refused";
    return say(id, books_.emplace(id, entry).first->second);
  }
  bool refuse(const testing::Credit& c, const std::string& code) override { return refusals_.insert_or_assign(to_hex(c.op_id), code).second; }
  bool lie(const testing::Credit& c, Fault fault) override {
    if (fault == Fault::shed) shed_.insert(to_hex(c.op_id));
    else if (fault == Fault::pending) pending_.insert(to_hex(c.op_id));
    else lies_.insert_or_assign(to_hex(c.op_id), fault);
    return true;
  }

  static testing::HttpReply line(int status, const std::string& text) { return testing::HttpReply{.phase = PSW_HTTP_DONE, .status = status, .body = text + " .", .headers = {}, .delay_ns = 0}; }
  testing::HttpReply say(std::string id, Entry entry) const {
    if (const auto lie = lies_.find(id); lie != lies_.end()) {
      switch (lie->second) {
        case Fault::says_other_op_id: id[0] = id[0] == '0' ? '1' : '0'; break;
        case Fault::says_other_amount: entry.minor += 1; break;
        case Fault::says_other_scale: entry.scale = "2"; break;
        case Fault::says_other_currency: entry.currency = "USD"; break;
        case Fault::says_other_payer: entry.payer += "-x"; break;
        case Fault::says_other_payee: entry.payee += "-x"; break;
        case Fault::says_other_hash: entry.hash[0] = entry.hash[0] == '0' ? '1' : '0'; break;
        default: entry.word = "refused"; entry.code = "account_closed"; break;  // changes its mind
      }
    }
    return line(200, entry.word + " " + id + " " + entry.payer + " " + entry.payee + " " + std::to_string(entry.minor) + " " + entry.currency + " " + entry.scale + " " + entry.hash +
                         (entry.code.empty() ? "" : " " + entry.code));
  }

  testing::ManualClock clock_;
  testing::FakeHost host_{clock_};
  testing::GatewayDriver drive_{host_};
  std::uint64_t capabilities_ = 0;
  std::map<std::string, Entry> books_;
  std::map<std::string, std::string> refusals_;
  std::map<std::string, Fault> lies_;
  std::set<std::string> shed_, pending_;
};

}  // namespace payswitch::conformance::test

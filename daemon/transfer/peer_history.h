// What this process knows of the history of each other bank: which ledger speaks for it (pinned), which epoch, the highest position it
// ever told us, and whether the bank is closed. Two switches remember each other so that a bank that lost its memory (a restore, a lossy
// promotion) is noticed at the first word, before anything is decided on what it no longer knows.
//
// Two values of the ledger stand behind it, one pair per bank. The *gate* (pinned ledger and epoch, open or closed) changes rarely; its
// version is guarded by every entry that decides or sends something about the bank, so that a closing is obeyed by every loop and every
// daemon over the ledger. *Seen* is the highest position, written now and then.
//
// When is a position "back"? Answers overtake each other, and a request may be on its way for long: a lower number alone proves nothing.
// What proves it is order in time: whatever the bank told us before we asked, its answer to that question must not lie before it. So the
// highest position known is taken as a Floor when a question is sent, and the answer is held against that floor, never against what
// became known meanwhile. A message that nobody asked for has no floor: if it lies behind, the bank is asked (hello), and that answer
// tells. Another epoch needs no such care, epochs only rise.
//
// One object per process, used by all loops: every function takes the lock, none waits.
#pragma once

#include <payswitch/abi.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace payswitch::daemon::transfer {

inline constexpr std::string_view peer_gate_prefix = "peer/gate/";  // key of the ledger's kv, before the bank code
inline constexpr std::string_view peer_seen_prefix = "peer/seen/";

struct PeerGate {
  std::uint64_t version = 0;   // of the stored value; 0: nothing stored, no contact yet
  bool closed = false;
  std::string why;             // of a closing: epoch_changed, position_back, operator
  std::string by;              // who opened or closed it last: "history" or the operator
  std::int64_t since_ms = 0;   // of the last opening or closing
  std::uint64_t story = 0;     // how often an operator let history begin anew
  psw_id ledger{};             // pinned; zero: no contact yet
  std::uint64_t epoch = 0;     // acknowledged
  psw_history expected{}, shown{};  // of a closing by history: what it had told us, and what it says now
};
std::string encode(const PeerGate& gate);
std::optional<PeerGate> decode_gate(std::string_view text);  // version is the caller's to set
std::string encode_seen(const psw_history& seen);
std::optional<psw_history> decode_seen(std::string_view text);

// How far a bank's history is known to reach, taken before a question is sent.
struct PeerFloor {
  psw_history at{};
  std::uint64_t gate_version = 0;
};

class PeerHistory {
 public:
  enum class Verdict : std::uint8_t {
    fine,          // also of a bank that tells no history
    behind,        // lower than known, but nobody can say that it is not just late: ask
    other_ledger,  // not the pinned one
    old_epoch,     // a message from before the epoch that is acknowledged
    lost,          // the bank has lost history
  };

  // What the bank says of itself, with the floor of the question that it answers or without. Raises what is known.
  Verdict heard(std::string_view bank, const psw_history& theirs, const PeerFloor* floor);
  PeerFloor floor(std::string_view bank) const;
  bool closed(std::string_view bank) const;
  bool lost_history(std::string_view bank) const;  // closed, and not by hand
  PeerGate gate(std::string_view bank) const;
  psw_history highest(std::string_view bank) const;
  std::uint64_t gate_version(std::string_view bank) const;
  psw_id pinned(std::string_view bank) const;

  // As the ledger has it. An older version than the one known is ignored.
  void stored_gate(std::string_view bank, const PeerGate& gate);
  void stored_seen(std::string_view bank, const psw_history& seen, std::uint64_t version);
  // At once for this process, before it is durable: nothing more is sent from here on.
  void closing(std::string_view bank);
  // An operator has looked: history begins anew with what the bank shows now.
  void begin_at(std::string_view bank, const psw_history& shown);

  // One of the loops gets true, `every_ns` apart: it reads what other daemons have stored, and stores what is new.
  bool turn_to_look(std::uint64_t now_ns, std::uint64_t every_ns);
  struct Unsaved {
    std::string bank;
    psw_history seen;
    std::uint64_t version;
  };
  std::vector<Unsaved> unsaved() const;
  // True for one caller at most `every_ns` after the last: it asks the bank for its history. Asked within that time, the next one
  // that comes to ask is told yes (see wanted()).
  bool turn_to_ask(std::string_view bank, std::uint64_t now_ns, std::uint64_t every_ns);
  // Banks that are to be asked and were put off.
  std::vector<std::string> put_off() const;

  static constexpr std::size_t banks_max = 1024;  // more are served without a memory of their own: as if never seen

 private:
  struct Bank {
    PeerGate gate;
    psw_history high{};
    std::uint64_t seen_position = 0;  // of high, as stored
    std::uint64_t seen_version = 0;
    std::uint64_t asked_ns = 0;
    bool closing = false;
    bool put_off = false;
  };
  const Bank* find(std::string_view bank) const;
  Bank* find_or_make(std::string_view bank);

  mutable std::mutex mutex_;
  std::map<std::string, Bank, std::less<>> banks_;
  std::uint64_t look_ns_ = 0;
};

}  // namespace payswitch::daemon::transfer

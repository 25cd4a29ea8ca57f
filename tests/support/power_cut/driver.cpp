// Power cuts under the real plugin. The parent starts itself again with the shim preloaded; the child opens the ledger as the last cut left
// it, checks it against everything that was ever acknowledged, and writes on until the power goes. Acknowledgements leave the child
// through a pipe, so they survive what the disk forgets.
//   power_cut --plugin local_ledger.so --shim power_cut_shim.so [--cuts N] [--seed S] [--directory D] [--mutant NAME]
// With --mutant the planted bug must be noticed: success is a violation within the cuts.
#include <payswitch/testing/fake_host.h>
#include <payswitch/testing/ledger_driver.h>
#include <payswitch/testing/plugin_file.h>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace payswitch;
using namespace payswitch::testing;

constexpr int acks_fd = 3;
constexpr std::uint64_t entries_per_life_max = 300;
constexpr int accounts = 8;
constexpr std::uint64_t cuts_per_ledger = 12;
enum class Note : std::uint64_t { acknowledged = 1, submitted = 2, torn = 3 };
struct Message {
  Note note;
  std::uint64_t number, value;
};

std::string account(std::uint64_t i) { return "a" + std::to_string(i % accounts); }
std::string nth(const char* what, std::uint64_t k) { return what + std::to_string(k); }

// What entry k does, as postings; the books are their sum. Entry 0 opens the accounts.
struct Books {
  std::map<std::string, std::int64_t> posted, pending_out, pending_in;
};
struct Step {
  std::string from, to;
  std::int64_t minor;
  bool hold;
};
std::vector<Step> steps_of(std::uint64_t k) {
  if (k == 0) {
    std::vector<Step> out;
    for (int i = 0; i != accounts; ++i) out.push_back({"cash:KRW", account(static_cast<std::uint64_t>(i)), 1'000'000, false});
    return out;
  }
  const std::uint64_t to = k + 1 + k / accounts % 7;
  return {{account(k), account(to), static_cast<std::int64_t>(1 + k % 97), k % 5 == 1},
          {account(to), account(to + 1), static_cast<std::int64_t>(1 + k % 53), false}};
}
bool resolves(std::uint64_t k) { return k % 5 == 2 && k > 1; }  // posts the hold of the entry before it
void add(Books& books, std::uint64_t k) {
  for (const Step& s : steps_of(k)) {
    (s.hold ? books.pending_out : books.posted)[s.from] += s.hold ? s.minor : -s.minor;
    (s.hold ? books.pending_in : books.posted)[s.to] += s.minor;
  }
  if (!resolves(k)) return;
  const Step held = steps_of(k - 1).front();
  books.pending_out[held.from] -= held.minor;
  books.pending_in[held.to] -= held.minor;
  books.posted[held.from] -= held.minor;
  books.posted[held.to] += held.minor;
}
std::size_t postings_of(std::uint64_t k) {  // in the name of its record; holds and what resolves them speak for none
  std::size_t n = 0;
  for (const Step& s : steps_of(k)) n += s.hold ? 0 : 1;
  return n;
}

EntryMaker entry_of(std::uint64_t k) {
  EntryMaker e(nth("step", k));
  const psw_id record = test_id(nth("record", k));
  e.unique("key/alice", nth("key", k), 1, nth("record", k));
  if (k == 0) {
    e.account("cash:KRW", "", PSW_ACCOUNT_SYSTEM);
    for (int i = 0; i != accounts; ++i) e.account(account(static_cast<std::uint64_t>(i)));
  }
  std::uint64_t n = 0;
  for (const Step& s : steps_of(k))
    e.posting(s.hold ? PSW_P_HOLD : PSW_P_POST, s.from, s.to, krw(s.minor), s.hold ? nth("hold", k) : nth("posting", k * 100 + ++n), "",
              s.hold ? psw_id{} : record);
  if (resolves(k)) e.posting(PSW_P_POST_HOLD, "", "", krw(steps_of(k - 1).front().minor), nth("resolve", k), nth("hold", k - 1));
  e.record(record, 0, 4);
  e.kv(nth("kv", k), std::string(k % 7 == 0 ? 200 + k * 37 % 3000 : 1 + k % 90, 'v'));
  return e;
}

// ---- the child ----

void tell(Note note, std::uint64_t number, std::uint64_t value = 0) {
  const Message m{note, number, value};
  if (::write(acks_fd, &m, sizeof m) != static_cast<ssize_t>(sizeof m)) std::_Exit(9);
}
[[noreturn]] void violation(const std::string& text) {
  std::fprintf(stderr, "violation: %s\n", text.c_str());
  std::_Exit(1);
}

void check(LedgerDriver& ledger, FakeHost& host, std::uint64_t acknowledged, std::uint64_t submitted, std::uint64_t& present) {
  for (present = 0; present != submitted && ledger.record(test_id(nth("record", present))).version != 0; ++present) {}
  for (std::uint64_t k = present; k != submitted; ++k) {
    if (ledger.record(test_id(nth("record", k))).version != 0)
      violation("entry " + std::to_string(k) + " is there, but entry " + std::to_string(present) + " before it is not");
  }
  if (present < acknowledged)
    violation("entry " + std::to_string(present) + " was acknowledged and is lost (" + std::to_string(acknowledged) + " acknowledged)");
  Books books;
  for (std::uint64_t k = 0; k != present; ++k) {
    add(books, k);
    psw_read q = ledger.read_of(PSW_ROWS_POSTINGS);
    q.id = test_id(nth("record", k));
    std::size_t rows = 0;
    ledger.read<psw_posting_row>(q, [&rows](const psw_posting_row&) { ++rows; });
    if (rows != 2 * postings_of(k))
      violation("entry " + std::to_string(k) + " has " + std::to_string(rows) + " sides of postings instead of " + std::to_string(2 * postings_of(k)));
  }
  if (present != 0) {
    for (int i = -1; i != accounts; ++i) {
      const std::string number = i < 0 ? "cash:KRW" : account(static_cast<std::uint64_t>(i));
      const AccountSeen a = ledger.account(number);
      if (a.balance() != books.posted[number] || a.debits_pending != books.pending_out[number] || a.credits_pending != books.pending_in[number]) {
        violation("account " + number + " has " + std::to_string(a.balance()) + " instead of " + std::to_string(books.posted[number]));
      }
    }
    ledger.read<psw_account>(ledger.read_of(PSW_ROWS_TOTALS), [](const psw_account& a) {
      if (from_abi(a.debits_posted) != from_abi(a.credits_posted) || from_abi(a.debits_pending) != from_abi(a.credits_pending))
        violation("the totals do not balance");
    });
  }
  psw_call call{};
  call.size = sizeof call;
  call.flags = 1;
  call.name = str("verify");
  psw_op op{};
  op.kind = PSW_OP_COMMAND;
  op.body = &call;
  host.submit(op, [](const psw_reply& r) {
    if (r.code != PSW_OK) violation("verify: " + std::string(view(r.text)));
  });
  host.run();
}

int child(const std::string& plugin, const std::string& directory, std::uint64_t acknowledged, std::uint64_t submitted, std::uint64_t seed) {
  ManualClock clock;
  FakeHost host(clock);
  host.option("directory", directory);
  host.option("segment_size", "64KiB");
  if (const std::string complaint = host.load(type_of(load_plugin(plugin), "local_ledger"), "books"); !complaint.empty())
    violation("start is refused: " + complaint);
  for (const LogLine& line : host.logs) {
    if (line.id == "PSW-LOCAL-002") tell(Note::torn, 0);
  }
  LedgerDriver ledger(host);
  std::uint64_t present = 0;
  check(ledger, host, acknowledged, submitted, present);

  // What was not acknowledged is asked again under the same step, as a client would.
  std::mt19937_64 chance(seed);
  const std::uint64_t end = submitted + entries_per_life_max;
  for (std::uint64_t k = acknowledged; k < end;) {
    const std::uint64_t n = std::min<std::uint64_t>(1 + chance() % 6, end - k);
    std::deque<EntryMaker> batch;  // never moved: an entry points into itself
    std::string wrong;
    for (std::uint64_t i = 0; i != n; ++i) batch.push_back(entry_of(k + i));
    tell(Note::submitted, k + n);
    for (std::uint64_t i = 0; i != n; ++i) {
      psw_op op{};
      op.kind = PSW_OP_WRITE;
      op.body = &batch[i].entry();
      host.submit(op, [&wrong, at = k + i](const psw_reply& r) {
        if (r.code == PSW_OK) {
          tell(Note::acknowledged, at, r.at.position);
        } else {
          if (wrong.empty()) wrong = "entry " + std::to_string(at) + " is answered " + std::to_string(r.code) + ' ' + std::string(view(r.reason));
        }
      });
    }
    host.run();
    if (!wrong.empty()) violation(wrong);
    k += n;
  }
  host.unload();
  return 0;
}

// ---- the parent ----

struct Options {
  std::string plugin, shim, directory, mutant;
  std::uint64_t cuts = 300, seed = 0;
};

struct Life {
  int status = 0;
  std::vector<Message> messages;
};

Life live(const Options& o, const std::string& directory, std::uint64_t acknowledged, std::uint64_t submitted, std::uint64_t cut_at, std::uint64_t seed) {
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(ends[0]);
    if (ends[1] != acks_fd) {
      ::dup2(ends[1], acks_fd);
      ::close(ends[1]);
    }
    ::setenv("LD_PRELOAD", o.shim.c_str(), 1);
    ::setenv("PSW_POWER_CUT_DIR", directory.c_str(), 1);
    ::setenv("PSW_POWER_CUT_AT", std::to_string(cut_at).c_str(), 1);
    ::setenv("PSW_POWER_CUT_SEED", std::to_string(seed).c_str(), 1);
    if (!o.mutant.empty()) ::setenv("PSW_MUTANT", o.mutant.c_str(), 1);
    ::execl("/proc/self/exe", "power_cut", "--child", o.plugin.c_str(), directory.c_str(), std::to_string(acknowledged).c_str(),
            std::to_string(submitted).c_str(), std::to_string(seed).c_str(), nullptr);
    std::_Exit(9);
  }
  ::close(ends[1]);
  Life out;
  Message m;
  for (;;) {
    std::size_t got = 0;
    while (got != sizeof m) {
      const ssize_t n = ::read(ends[0], reinterpret_cast<char*>(&m) + got, sizeof m - got);
      if (n <= 0) break;
      got += static_cast<std::size_t>(n);
    }
    if (got != sizeof m) break;
    out.messages.push_back(m);
  }
  ::close(ends[0]);
  ::waitpid(pid, &out.status, 0);
  return out;
}

int parent(Options o) {
  if (o.seed == 0) o.seed = std::random_device{}();
  const std::string rerun = "power_cut --plugin " + o.plugin + " --shim " + o.shim + " --cuts " + std::to_string(o.cuts) + " --seed " + std::to_string(o.seed) +
                            (o.mutant.empty() ? "" : " --mutant " + o.mutant);
  std::printf("seed %llu; again: %s\n", static_cast<unsigned long long>(o.seed), rerun.c_str());
  std::fflush(stdout);
  std::mt19937_64 chance(o.seed);
  // Memory is fast, and what the shim forgets does not depend on the disk below it.
  const std::string room = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : std::filesystem::temp_directory_path().string();
  const std::string base = o.directory.empty() ? room + "/power_cut_" + std::to_string(::getpid()) : o.directory;
  std::filesystem::create_directories(base);
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t cuts = 0, lives = 0, ledgers = 0, torn = 0, total = 0, unanswered = 0;
  bool violated = false;
  while (cuts < o.cuts && !violated) {
    const std::string directory = base + "/" + std::to_string(ledgers++);
    std::uint64_t acknowledged = 0, submitted = 0;
    for (std::uint64_t i = 0; i <= cuts_per_ledger && !violated; ++i) {
      const bool last = i == cuts_per_ledger;  // the last life of a ledger is a quiet one
      std::filesystem::create_directories(directory);
      const std::uint64_t cut_at = last ? 0 : 1 + chance() % (i == 0 ? 20 : 60);
      const Life life = live(o, directory, acknowledged, submitted, cut_at, chance());
      ++lives;
      for (const Message& m : life.messages) {
        if (m.note == Note::torn) ++torn;
        if (m.note == Note::submitted) submitted = std::max(submitted, m.number);
        if (m.note == Note::acknowledged) acknowledged = std::max(acknowledged, m.number + 1);
      }
      if (WIFSIGNALED(life.status) && WTERMSIG(life.status) == SIGKILL) {
        ++cuts;
        unanswered += submitted - acknowledged;
      } else if (!WIFEXITED(life.status) || WEXITSTATUS(life.status) != 0) {
        violated = true;
        std::printf("violation after %llu cuts, ledger %s, cut at step %llu, status %x\n", static_cast<unsigned long long>(cuts), directory.c_str(),
                    static_cast<unsigned long long>(cut_at), life.status);
      }
    }
    total += acknowledged;
    if (!violated) {
      std::filesystem::remove_all(directory);
      std::filesystem::remove_all(directory + ".lost");
    }
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf(
      "%llu cuts, %llu starts, %llu ledgers, %.1f s (%.0f cuts/s); %llu entries acknowledged, %llu under way when the power went, %llu torn tails cut: %s\n",
      static_cast<unsigned long long>(cuts), static_cast<unsigned long long>(lives), static_cast<unsigned long long>(ledgers), seconds,
      static_cast<double>(cuts) / seconds, static_cast<unsigned long long>(total), static_cast<unsigned long long>(unanswered),
      static_cast<unsigned long long>(torn), violated ? "VIOLATED" : "nothing lost");
  if (!o.mutant.empty()) {
    std::filesystem::remove_all(base);
    if (!violated) std::printf("the planted bug %s was not noticed\n", o.mutant.c_str());
    return violated ? 0 : 1;
  }
  if (violated) {
    std::printf("again: %s\n", rerun.c_str());
    return 1;
  }
  std::filesystem::remove_all(base);
  if (o.cuts >= 100 && (torn == 0 || unanswered == 0)) {
    std::printf("invalid: no cut tore anything\n");
    return 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args.size() == 6 && args[0] == "--child") return child(args[1], args[2], std::stoull(args[3]), std::stoull(args[4]), std::stoull(args[5]));
  Options o;
  for (std::size_t i = 0; i + 1 < args.size(); i += 2) {
    if (args[i] == "--plugin") o.plugin = args[i + 1];
    if (args[i] == "--shim") o.shim = args[i + 1];
    if (args[i] == "--directory") o.directory = args[i + 1];
    if (args[i] == "--mutant") o.mutant = args[i + 1];
    if (args[i] == "--cuts") o.cuts = std::stoull(args[i + 1]);
    if (args[i] == "--seed") o.seed = std::stoull(args[i + 1]);
  }
  if (o.plugin.empty() || o.shim.empty()) {
    std::fprintf(stderr, "usage: power_cut --plugin FILE --shim FILE [--cuts N] [--seed S] [--directory D] [--mutant NAME]\n");
    return 64;
  }
  return parent(o);
}

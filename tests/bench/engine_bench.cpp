// The embedded ledger without HTTP: whole transfers (unique, record with its detail, two postings, refusal record) in batches of a
// given size, one frame and one sync per batch. Only the plugin's turn is timed: decide, write, sync, publish, replies copied by the
// host; building the entries is the loops' work and happens between. Prints one JSON object.
// usage: engine_bench PLUGIN_DIRECTORY DATA_DIRECTORY BATCH SECONDS [one | spread]
//   one, spread   what the payer's bank writes of transfers to other banks: half of a batch submits (hold against a clearing account, with
//                 the guard of its exposure), half completes those of the batch before; over one clearing account, or over 10,000. A
//                 transfer counts when it is completed.
#include <payswitch/ids.h>
#include <payswitch/record.h>
#include <payswitch/str.h>
#include <payswitch/transfer_state.h>

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "bench/single_host.h"
#include "ledger/entry_builder.h"
#include "plugin_host/options.h"

namespace {

using namespace payswitch;
using daemon::ledger::EntryBuilder;
using clock_type = std::chrono::steady_clock;

constexpr std::uint64_t accounts = 10'000;
constexpr std::string_view cash = "cash:KRW";

psw_id id_of(std::uint64_t kind, std::uint64_t n) {
  psw_id id{};
  // Like a ULID: the high part is ordered by time.
  for (unsigned i = 0; i < 8; ++i) id.b[i] = static_cast<std::uint8_t>((n + (1ull << 40)) >> (56 - 8 * i));
  std::memcpy(id.b + 8, &kind, 8);
  return id;
}

struct Name {
  char text[32];
  std::size_t size;
  operator std::string_view() const { return {text, size}; }
};
Name account_name(std::uint64_t n) {
  Name name;
  name.size = static_cast<std::size_t>(std::snprintf(name.text, sizeof name.text, "mj-%llu", static_cast<unsigned long long>(1'000'000 + n)));
  return name;
}

Name clearing_name(std::uint64_t n) {
  Name name;
  name.size = static_cast<std::size_t>(std::snprintf(name.text, sizeof name.text, "clearing:b%llu:KRW", static_cast<unsigned long long>(n)));
  return name;
}

psw_money krw(std::int64_t minor) { return {minor, {'K', 'R', 'W', 0}, 0}; }

psw_account account(std::string_view number, std::int32_t kind) {
  psw_account a{};
  a.number = str(number);
  a.owner = str("bench");
  a.kind = kind;
  std::memcpy(a.currency, "KRW", 3);
  return a;
}

class Engine {
 public:
  Engine(const char* plugins, const char* directory) : host_(plugins, "local_ledger", options(directory)) {}

  void open_clearing(std::uint64_t count) {
    clearing_ = count;
    for (std::uint64_t n = 0; n < count; ++n) {
      write([n](EntryBuilder& entry) { entry.account(account(clearing_name(n), PSW_ACCOUNT_SYSTEM)); });
      if (n % 256 == 255) host_.run();
    }
    host_.run();
    check(done_);
  }

  void open_accounts() {
    write([](EntryBuilder& entry) { entry.account(account(cash, PSW_ACCOUNT_SYSTEM)); });
    for (std::uint64_t n = 0; n < accounts; ++n) {
      write([n](EntryBuilder& entry) { entry.account(account(account_name(n), PSW_ACCOUNT_CUSTOMER)); });
      if (n % 256 == 255) host_.run();
    }
    host_.run();
    for (std::uint64_t n = 0; n < accounts; ++n) {
      const std::uint64_t posting = next_++;
      write([n, posting](EntryBuilder& entry) {
        constexpr std::uint8_t hash[32] = {};
        entry.unique("key/", "bench", std::string_view(account_name(n)), {}, hash);  // what a posting leaves its step id with
        entry.post(cash, account_name(n), krw(1'000'000'000), id_of(2, posting), id_of(1, posting));
      });
      if (n % 256 == 255) host_.run();
    }
    host_.run();
    check(2 * accounts + 1);
  }

  void measure(std::uint32_t batch, double seconds) {
    const auto start = clock_type::now();
    clock_type::duration turning{};
    std::uint64_t batches = 0;
    const std::uint64_t done_before = done_, written_before = thread_written_bytes();
    const double cpu_before = thread_cpu_seconds();
    double building_cpu = 0;
    while (clock_type::now() - start < std::chrono::duration<double>(seconds)) {
      const double building = thread_cpu_seconds();
      if (clearing_ == 0) {
        for (std::uint32_t i = 0; i < batch; ++i) transfer();
      } else {
        batch_of_cross(batch);
      }
      host_.hand_over();
      building_cpu += thread_cpu_seconds() - building;
      const auto before = clock_type::now();
      host_.turn();
      turning += clock_type::now() - before;
      host_.hand_over();
      ++batches;
    }
    const double cpu = thread_cpu_seconds() - cpu_before - building_cpu;
    check(done_before + batches * batch);
    if (clearing_ != 0) batch /= 2;  // two entries each
    std::printf("{\"count\": %llu, \"seconds\": %.6f, \"cpu_seconds\": %.6f, \"bytes_per_batch\": %llu}\n",
                static_cast<unsigned long long>(batches * batch), std::chrono::duration<double>(turning).count(), cpu,
                static_cast<unsigned long long>((thread_written_bytes() - written_before) / batches));
  }

 private:
  static std::shared_ptr<const daemon::plugin_host::Options> options(const char* directory) {
    auto made = std::make_shared<daemon::plugin_host::FlatOptions>();
    made->text("directory", directory);
    return made;
  }

  template <class Fill>
  void write(Fill fill) {
    auto* call = host_.participant->acquire(0);
    if (call == nullptr) return fail("no free call");
    EntryBuilder entry(call->arena());
    fill(entry);
    call->op = psw_op{};
    call->op.kind = PSW_OP_WRITE;
    call->op.call_deadline_ns = daemon::SystemClock().monotonic_ns() + 30'000'000'000;
    call->op.body = entry.finish(id_of(3, next_++));
    call->completion = {&Engine::completed, this};
    host_.participant->submit(0, call);
  }

  // As the coordinator writes a transfer inside the ledger.
  void transfer() {
    const std::uint64_t n = next_++;
    const std::uint64_t payer = random() % accounts, payee = (payer + 1 + random() % (accounts - 1)) % accounts;
    write([&](EntryBuilder& entry) {
      char key[32], detail_bytes[1024], ulid[26];
      const int key_size = std::snprintf(key, sizeof key, "bench-%llu", static_cast<unsigned long long>(n));
      const psw_id id = id_of(1, n);
      write_ulid(id, ulid);
      TransferDetail detail;
      detail.posted_minor = detail.operation_minor = 1;
      detail.idempotency_key = {key, static_cast<std::size_t>(key_size)};
      std::memcpy(detail.fingerprint, &n, sizeof n);
      const Name from = account_name(payer), to = account_name(payee);
      psw_record record{};
      record.id = id;
      record.kind = static_cast<std::int32_t>(TransferKind::transfer);
      record.state = static_cast<std::int32_t>(TransferState::completed);
      record.payer = str(std::string_view(from));
      record.payee = str(std::string_view(to));
      record.principal = str("bench");
      record.money = krw(1);
      record.detail = str({detail_bytes, encode_detail(detail, detail_bytes)});
      entry.unique("key/", "bench", {key, static_cast<std::size_t>(key_size)}, {ulid, sizeof ulid}, detail.fingerprint);
      entry.guard_owner(from, "bench", {PSW_ABSENT, "account_not_found"});
      entry.post(from, to, krw(1), id_of(2, n), id);
      entry.record(record);
      record.state = static_cast<std::int32_t>(TransferState::rejected);
      entry.record_if_refused(record);
    });
  }

  struct Submitted {
    psw_id id{}, hold{};
    std::uint64_t n = 0, payer = 0, payee = 0, clearing = 0;
  };

  // As the coordinator writes a transfer to another bank: before the first byte leaves, and after the decision.
  void batch_of_cross(std::uint32_t batch) {
    std::vector<Submitted> fresh;
    for (std::uint32_t i = 0; i < batch / 2; ++i) {
      const std::uint64_t n = next_++;
      fresh.push_back({id_of(1, n), id_of(2, n), n, random() % accounts, random() % accounts, random() % clearing_});
      cross(fresh.back(), false);
    }
    // In the first batch there is nothing to complete: the same number of submissions keeps it whole.
    for (std::uint32_t i = batch / 2; i < batch; ++i) {
      if (i - batch / 2 < submitted_.size()) {
        cross(submitted_[i - batch / 2], true);
      } else {
        const std::uint64_t n = next_++;
        cross({id_of(1, n), id_of(2, n), n, random() % accounts, random() % accounts, random() % clearing_}, false);
      }
    }
    submitted_ = std::move(fresh);
  }

  void cross(const Submitted& one, bool complete) {
    write([&](EntryBuilder& entry) {
      char key[32], detail_bytes[1024], ulid[26], op[id_hex_size];
      const int key_size = std::snprintf(key, sizeof key, "bench-%llu", static_cast<unsigned long long>(one.n));
      write_ulid(one.id, ulid);
      write_hex(one.id, op);
      const Name from = account_name(one.payer), to = account_name(one.payee), clearing = clearing_name(one.clearing);
      TransferDetail detail;
      detail.operation_minor = 1;
      detail.posted_minor = complete ? 1 : 0;
      detail.idempotency_key = {key, static_cast<std::size_t>(key_size)};
      detail.op_id = one.id;
      if (!complete) detail.hold_id = one.hold;
      std::memcpy(detail.fingerprint, &one.n, sizeof one.n);
      psw_record record{};
      record.id = one.id;
      record.kind = static_cast<std::int32_t>(TransferKind::transfer);
      record.state = static_cast<std::int32_t>(complete ? TransferState::completed : TransferState::submitted);
      record.payer = str(std::string_view(from));
      record.payee = str(std::string_view(to));
      record.principal = str("bench");
      record.bank = str("jh");
      record.money = krw(1);
      record.version = complete ? 1 : 0;
      record.next_action_ms = complete ? 0 : 4'000'000'000'000;
      record.detail = str({detail_bytes, encode_detail(detail, detail_bytes)});
      if (complete) {
        entry.post_hold(from, clearing, krw(1), id_of(4, one.n), one.hold, one.id);
      } else {
        entry.unique("key/", "bench", {key, static_cast<std::size_t>(key_size)}, {ulid, sizeof ulid}, detail.fingerprint);
        entry.unique("out/", "jh", {op, sizeof op}, {ulid, sizeof ulid}, detail.fingerprint);
        entry.guard_owner(from, "bench", {PSW_ABSENT, "account_not_found"});
        entry.guard_exposure(clearing, 1'000'000'000'000'000, {PSW_ABSENT, "peer_exposure_exceeded"});
        entry.hold(from, clearing, krw(1), one.hold, one.id);
      }
      entry.record(record);
      if (!complete) {
        record.state = static_cast<std::int32_t>(TransferState::rejected);
        record.next_action_ms = 0;
        entry.record_if_refused(record);
      }
    });
  }

  static void completed(void* context, const psw_reply& reply) {
    auto& self = *static_cast<Engine*>(context);
    ++self.done_;
    if (reply.code != PSW_OK) {
      std::fprintf(stderr, "an entry was refused: code %d, %.*s\n", reply.code, static_cast<int>(reply.reason.size), reply.reason.data);
      std::exit(1);
    }
  }

  void check(std::uint64_t expected) const {
    if (done_ != expected) fail("not every entry was answered");
  }
  static void fail(const char* why) {
    std::fprintf(stderr, "engine_bench: %s\n", why);
    std::exit(1);
  }
  static double thread_cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  }
  // This thread alone: segments are prepared by another one.
  static std::uint64_t thread_written_bytes() {
    unsigned long long bytes = 0;
    if (std::FILE* file = std::fopen("/proc/thread-self/io", "r")) {
      char line[128];
      while (std::fgets(line, sizeof line, file) != nullptr)
        if (std::sscanf(line, "wchar: %llu", &bytes) == 1) break;
      std::fclose(file);
    }
    return bytes;
  }
  std::uint64_t random() {  // xorshift64*
    seed_ ^= seed_ >> 12;
    seed_ ^= seed_ << 25;
    seed_ ^= seed_ >> 27;
    return seed_ * 0x2545F4914F6CDD1Dull;
  }

  bench::SingleHost host_;
  std::uint64_t clearing_ = 0;  // accounts of it; 0: transfers stay in this ledger
  std::vector<Submitted> submitted_;
  std::uint64_t next_ = 1, done_ = 0, seed_ = 0x9E3779B97F4A7C15ull;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string_view cross = argc == 6 ? argv[5] : "";
  if (argc < 5 || argc > 6 || (argc == 6 && cross != "one" && cross != "spread")) {
    std::fprintf(stderr, "usage: engine_bench PLUGIN_DIRECTORY DATA_DIRECTORY BATCH SECONDS [one | spread]\n");
    return 2;
  }
  Engine engine(argv[1], argv[2]);
  engine.open_accounts();
  if (!cross.empty()) engine.open_clearing(cross == "one" ? 1 : accounts);
  engine.measure(static_cast<std::uint32_t>(std::strtoul(argv[3], nullptr, 10)), std::strtod(argv[4], nullptr));
}

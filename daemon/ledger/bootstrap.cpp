#include "ledger/bootstrap.h"

#include <payswitch/ids.h>
#include <payswitch/money.h>
#include <payswitch/transfer_state.h>

#include <algorithm>
#include <utility>

#include "config/identity.h"
#include "ledger/account_names.h"

namespace payswitch::daemon::ledger {

namespace {
constexpr std::uint32_t accounts_per_entry_max = 64;
constexpr std::uint32_t accounts_per_page = 500;
constexpr int tries_max = 20;  // another daemon may be doing the same

struct Wanted {
  std::string number, currency;
  std::int32_t exponent;
};

std::vector<Wanted> wanted_accounts(const config::Config& config) {
  std::vector<Wanted> out;
  for (const auto& [code, exponent] : config.self.currencies) {
    out.push_back({std::string(cash_account(code)), code, exponent});
    out.push_back({std::string(opening_account(code)), code, exponent});
    out.push_back({std::string(writeoff_account(code)), code, exponent});
    for (const auto& bank : config.banks) {
      out.push_back({std::string(clearing_account(bank.code, code)), code, exponent});
      out.push_back({std::string(suspense_account(bank.code, code)), code, exponent});
    }
  }
  return out;
}
}  // namespace

void Bootstrap::run(Done done, void* context) {
  done_ = done;
  context_ = context;
  identity_ = config::encode(config::identity_of(config_));
  ask_hello();
}

void Bootstrap::ask_hello() {
  if (!client_.hello<&Bootstrap::got_hello>(this)) fail("the ledger takes no calls");
}

void Bootstrap::got_hello(const ReadReply& reply) {
  if (!reply.ok()) return fail("the ledger does not answer hello: " + std::string(reply.reason()));
  result_.ledger = reply.at();
  client_.saw_clock(reply.clock_ms());
  const bool asked = client_.read<&Bootstrap::got_identity>(ReadWhat::kv, this, [](psw_read& read, EntryBuilder& keep) {
    read.key = keep.keep(config::identity_kv_key);
    read.limit = 1;
  });
  if (!asked) fail("the ledger takes no reads");
}

void Bootstrap::got_identity(const ReadReply& reply) {
  if (!reply.ok()) return fail("the ledger's stored identity cannot be read: " + std::string(reply.reason()));
  identity_version_ = 0;
  stored_identity_.clear();
  for (const auto& kv : reply.rows<psw_kv>()) {
    if (view(kv.key) != config::identity_kv_key) continue;
    stored_identity_ = view(kv.value);
    identity_version_ = kv.version;
  }
  if (identity_version_ != 0) {
    auto stored = config::decode(stored_identity_);
    if (!stored) return fail("the ledger's stored identity is damaged: " + stored.error().message);
    auto contradictions = config::contradictions(config_, *stored);
    if (!contradictions.empty()) {
      result_.errors = std::move(contradictions);
      result_.contradiction = true;
      return finish();
    }
  }
  const bool asked = client_.read<&Bootstrap::got_reference_key>(ReadWhat::kv, this, [](psw_read& read, EntryBuilder& keep) {
    read.key = keep.keep(reference_key_kv);
    read.limit = 1;
  });
  if (!asked) fail("the ledger takes no reads");
}

void Bootstrap::got_reference_key(const ReadReply& reply) {
  if (!reply.ok()) return fail("a key of the ledger cannot be read: " + std::string(reply.reason()));
  reference_key_version_ = 0;
  for (const auto& kv : reply.rows<psw_kv>()) {
    if (view(kv.key) != reference_key_kv) continue;
    result_.reference_key = view(kv.value);
    reference_key_version_ = kv.version;
  }
  if (reference_key_version_ == 0) {
    result_.reference_key.clear();
    for (int i = 0; i != 4; ++i) {
      const std::uint64_t bits = random_(random_context_);
      result_.reference_key.append(reinterpret_cast<const char*>(&bits), sizeof bits);
    }
  }
  present_.clear();
  after_.clear();
  ask_accounts();
}

void Bootstrap::ask_accounts() {
  const bool asked = client_.read<&Bootstrap::got_accounts>(ReadWhat::accounts, this, [this](psw_read& read, EntryBuilder& keep) {
    read.owner = keep.keep(system_owner);
    read.after = keep.keep(after_);
    read.limit = accounts_per_page;
  });
  if (!asked) fail("the ledger takes no reads");
}

void Bootstrap::got_accounts(const ReadReply& reply) {
  if (!reply.ok()) return fail("the system accounts cannot be read: " + std::string(reply.reason()));
  std::uint32_t n = 0;
  for (const auto& account : reply.rows<psw_account>()) {
    present_.emplace_back(view(account.number));
    ++n;
  }
  after_ = reply.position();  // of a paged read: where the next page starts
  if (n == accounts_per_page) return ask_accounts();
  std::sort(present_.begin(), present_.end());
  write();
}

void Bootstrap::write() {
  auto write = client_.begin();
  if (!write) return fail("the ledger takes no writes");
  std::uint32_t added = 0;
  for (const auto& wanted : wanted_accounts(config_)) {
    if (added == accounts_per_entry_max) break;
    if (std::binary_search(present_.begin(), present_.end(), wanted.number)) continue;
    psw_account account{};
    account.number = str(wanted.number);
    account.owner = str(system_owner);
    account.kind = PSW_ACCOUNT_SYSTEM;
    set_currency(account.currency, wanted.currency);
    account.exponent = wanted.exponent;
    write.entry.account(account);
    ++added;
  }
  const bool new_identity = identity_ != stored_identity_;
  if (new_identity) write.entry.kv(config::identity_kv_key, identity_, identity_version_);
  if (reference_key_version_ == 0) write.entry.kv(reference_key_kv, result_.reference_key, 0);
  if (added == 0 && !new_identity && reference_key_version_ != 0) {
    client_.cancel(write);
    unreached_.clear();
    for (const auto& bank : config_.banks) {
      const bool led_to = std::any_of(config_.connectors.begin(), config_.connectors.end(), [&](const config::Connector& c) { return c.role == config::PluginRole::gateway && c.bank == bank.code; });
      if (!led_to) unreached_.push_back(bank.code);
    }
    return ask_open();
  }
  psw_id step{};
  const std::uint64_t a = random_(random_context_), b = random_(random_context_);
  std::memcpy(step.b, &a, sizeof a);
  std::memcpy(step.b + 8, &b, sizeof b);
  client_.write<&Bootstrap::written>(write, step, this);
}

void Bootstrap::written(const WriteReply& reply) {
  switch (reply.what()) {
    case Written::applied:
    case Written::conflict:
    case Written::unknown:
    case Written::not_taken:
      // Look again: more accounts than fit one entry, another daemon that was faster, an answer that was lost, or a ledger on a slow disk
      // that is still making room for its first journal file.
      if (++tries_ > tries_max) return fail("the system accounts cannot be made: " + std::string(reply.reason()));
      return ask_hello();
    default: return fail("the system accounts cannot be made: " + std::string(reply.reason()) + " " + std::string(reply.text()));
  }
}

// A transfer that is open at a bank is only ever decided by that bank: whoever takes its last connector away leaves it in doubt for good.
void Bootstrap::ask_open() {
  if (unreached_.empty()) return finish();
  const bool asked = client_.read<&Bootstrap::got_open>(ReadWhat::records, this, [this](psw_read& read, EntryBuilder& keep) {
    read.bank = keep.keep(unreached_.back());
    read.state_mask = state_bit(TransferState::submitted) | state_bit(TransferState::in_doubt);
    read.limit = 1;
  });
  if (!asked) fail("the ledger takes no reads");
}

void Bootstrap::got_open(const ReadReply& reply) {
  if (!reply.ok()) return fail("the open transfers cannot be read: " + std::string(reply.reason()));
  if (!reply.rows<psw_record>().empty()) {
    if (force_) {
      result_.forced.push_back(unreached_.back());
    } else {
      result_.errors.push_back("bank \"" + unreached_.back() + "\": transfers are open there, and no connector leads to it; configure one until they are final, or start with --force");
      result_.contradiction = true;
    }
  }
  unreached_.pop_back();
  ask_open();
}

void Bootstrap::fail(std::string text) {
  result_.errors.push_back(std::move(text));
  finish();
}

void Bootstrap::finish() { done_(context_, result_); }

}  // namespace payswitch::daemon::ledger

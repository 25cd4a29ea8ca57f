// Accounts: open, change, show, list, and their postings.
#pragma once

#include <string>
#include <vector>

#include "transfer/core.h"

namespace payswitch::daemon::transfer {

class AccountFlow final : public Timed {
 public:
  explicit AccountFlow(Core& core) noexcept : core_(core) {}
  AccountFlow(const AccountFlow&) = delete;
  AccountFlow& operator=(const AccountFlow&) = delete;

  void open(const OpenAccountCommand& command, Reply<AccountAnswer> reply);
  void change(const AccountCommand& command, Reply<AccountAnswer> reply);
  void show(const AccountQuery& query, Reply<AccountAnswer> reply);
  void list(const AccountsQuery& query, Reply<AccountsAnswer> reply);
  void postings(const PostingsQuery& query, Reply<PostingsAnswer> reply);
  void on_timer() override;

 private:
  enum class What : std::uint8_t { open, change, show };

  void start() noexcept;
  ErrorCode check_open(std::string_view& member) const noexcept;
  void write_open();
  void opened(const ledger::WriteReply& reply);
  void read(std::string_view number, std::string_view position);
  void got(const ledger::ReadReply& reply);
  void write_change();
  void changed(const ledger::WriteReply& reply);
  void got_list(const ledger::ReadReply& reply);
  void got_owner(const ledger::ReadReply& reply);
  void got_postings(const ledger::ReadReply& reply);
  bool may_see(const psw_account& account) const noexcept;
  void own(const psw_account& account);
  void answer(const psw_account& account, std::string_view position);
  void fail(ErrorCode code, std::string_view member = {});
  void fail_write(const ledger::WriteReply& reply);
  void not_taken(ErrorCode code);
  void retry_later();
  void fail_list(ErrorCode code);
  void fail_postings(ErrorCode code);
  void recycle();

  Core& core_;
  What what_ = What::show;
  Caller caller_;
  OpenAccountCommand open_;
  AccountCommand change_;
  PostingsQuery postings_;
  std::uint32_t limit_ = 0;
  Reply<AccountAnswer> reply_;
  Reply<AccountsAnswer> list_reply_;
  Reply<PostingsAnswer> postings_reply_;
  std::uint8_t fingerprint_[32] = {};
  std::string number_, owner_, metadata_;
  psw_account account_{};  // its texts are the strings above
  psw_id step_{};
  bool replayed_ = false;
  bool recorded_perhaps_ = false;  // a write of this command was applied, or its answer was lost
  std::uint32_t tries_ = 0;
  std::uint64_t patience_ns_ = 0;
  std::vector<psw_account> accounts_;
  std::vector<psw_posting_row> rows_;
};

}  // namespace payswitch::daemon::transfer

// The bodies of the peer API (docs/reference/peer-api.md): what is written into them and what is read out of them. Reading is strict:
// a member that is unknown, missing, twice or of another kind makes the whole body unreadable, and an unreadable answer decides nothing.
// Nothing here compares an answer with its question: that is the core's.
#pragma once

#include <payswitch/decision.h>
#include <payswitch/reply.h>
#include <payswitch/services.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace payswitch::peer_http {

inline constexpr std::string_view base_path = "/peer/v1/";
inline constexpr std::size_t batch_credits_max = 256;
inline constexpr std::size_t reconcile_records_max = 256;

// ---- one credit ----
// A body of its own (PUT, op_id in the path) or an element of a batch (op_id inside).
std::string write_credit(const psw_credit& credit);
std::string write_batch(const std::vector<const psw_credit*>& credits);

struct ReadCredit {
  credit_in credit;            // hash as recomputed from what was received
  bool hash_right = false;     // and it is the one that was sent along
};
std::optional<ReadCredit> read_credit(std::string_view body, const psw_id& op_id);
std::optional<std::vector<ReadCredit>> read_batch(std::string_view body);  // empty also for an op_id that comes twice, for none and for too many

// ---- what was decided ----
// One answer about one op_id: a decision record, "none", or the word that nothing was recorded.
struct Word {
  enum class Kind : std::uint8_t { record, none, not_recorded };
  Kind kind = Kind::not_recorded;
  psw_id op_id{};
  decision record;             // kind record: as the peer said it; word applied, refused or pending
  std::string error;           // "op_id_reused" beside a record, or why nothing was recorded
  std::uint32_t retry_after_ms = 0;
};
std::string write_word(const Word& word);
std::string write_words(const std::vector<Word>& words);
std::optional<Word> read_word(std::string_view body);
std::optional<std::vector<Word>> read_words(std::string_view body);  // empty also for an op_id that comes twice

// ---- the others ----
struct Hello {
  std::string bank;
  psw_history history{};
  std::int64_t clock_ms = 0;
  std::vector<psw_money> currencies;  // minor = 0
};
std::string write_hello(const Hello& hello);
std::optional<Hello> read_hello(std::string_view body);

struct Lookup {
  bool may_be_credited = false;
  std::string name, code;  // masked name of the holder, or why not
};
std::string write_lookup(const Lookup& lookup);
std::optional<Lookup> read_lookup(std::string_view body);

struct Page {
  std::vector<decision> records;
  std::string next;  // position to ask after
};
std::string write_page(const Page& page);
std::optional<Page> read_page(std::string_view body);

// An account number in a path, and a position in a query, are taken as they are: only letters, digits and - _ . : ~ occur.
bool plain_token(std::string_view text);

}  // namespace payswitch::peer_http

#include <gtest/gtest.h>

#include "config/identity.h"
#include "support.h"

namespace payswitch::daemon::config {
namespace {

Config config_with_bank(const std::string& code = "jh") {
  const std::string more = "[bank." + code + "]\nprefix = [\"jh-\"]\nreceive_limit = { KRW = \"1\" }\n";
  LoadResult result = load_with(std::string(smallest) + more);
  EXPECT_TRUE(result.config.has_value()) << result.report();
  return *result.config;
}

using Sentences = std::vector<std::string>;

}  // namespace

TEST(identity, what_was_stored_from_a_configuration_does_not_contradict_it) {
  const Config config = config_with_bank();
  EXPECT_EQ(contradictions(config, identity_of(config)), Sentences{});
}

TEST(identity, new_banks_and_currencies_are_welcome) {
  const Config config = config_with_bank();
  StoredIdentity stored = identity_of(config);
  stored.banks.clear();
  stored.currencies.erase("USD");
  EXPECT_EQ(contradictions(config, stored), Sentences{});
}

TEST(identity, another_bank_code_or_prefix_is_refused_with_both_names) {
  StoredIdentity stored = identity_of(config_with_bank());
  stored.bank = "kb";
  stored.prefix = "kb-";
  EXPECT_EQ(contradictions(config_with_bank(), stored), (Sentences{"switch.bank is \"mj\", the ledger belongs to bank \"kb\"",
                                                                   "switch.prefix is \"mj-\", the ledger's accounts begin with \"kb-\""}));
}

TEST(identity, another_exponent_or_a_lost_currency_is_refused) {
  StoredIdentity stored = identity_of(config_with_bank());
  stored.currencies["KRW"] = 2;
  stored.currencies["KWD"] = 3;
  EXPECT_EQ(contradictions(config_with_bank(), stored), (Sentences{"switch.currencies.KRW is 0, the ledger keeps it with exponent 2",
                                                                   "switch.currencies lacks KWD, which the ledger keeps with exponent 3"}));
}

TEST(identity, a_renamed_or_missing_bank_is_refused) {
  const StoredIdentity stored = identity_of(config_with_bank("jh"));
  const Sentences renamed = contradictions(config_with_bank("jhb"), stored);
  ASSERT_EQ(renamed.size(), 1u);
  EXPECT_TRUE(renamed[0].starts_with("[bank.jhb] has the prefix of bank \"jh\"")) << renamed[0];
  const Config without = *load_with(smallest).config;
  EXPECT_EQ(contradictions(without, stored), Sentences{"[bank.jh] is missing, the ledger keeps a clearing account of bank \"jh\""});
}

TEST(identity, a_counterparty_cannot_become_ourselves) {
  StoredIdentity stored = identity_of(config_with_bank());
  stored.bank = "kb";
  stored.banks["mj"] = {"mj-"};
  const Sentences sentences = contradictions(config_with_bank(), stored);
  EXPECT_NE(std::find(sentences.begin(), sentences.end(), "switch.bank is \"mj\", which the ledger knows as a counterparty"), sentences.end());
}

TEST(identity, survives_its_stored_form_and_refuses_bytes_it_cannot_read) {
  const StoredIdentity identity = identity_of(config_with_bank());
  const std::string bytes = encode(identity);
  EXPECT_EQ(bytes, "payswitch-identity 1\nbank mj\nprefix mj-\ncurrency KRW 0\ncurrency USD 2\ncounterparty jh jh-\n");
  ASSERT_TRUE(decode(bytes).ok());
  EXPECT_EQ(*decode(bytes), identity);
  for (const std::string& bad : {std::string(), std::string("payswitch-identity 2\n"), bytes + "more", bytes + "what is this\n",
                                 bytes + "currency EUR x\n", bytes.substr(0, 21)})
    EXPECT_FALSE(decode(bad).ok()) << bad;
}

}  // namespace payswitch::daemon::config

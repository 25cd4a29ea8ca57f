#include <payswitch/abi.h>
#include <payswitch/note.h>
#include <payswitch/str.h>

#include <gtest/gtest.h>

extern "C" std::size_t psw_test_c_sizes(std::size_t* out);

namespace payswitch {
namespace {

TEST(Abi, c_and_cxx_see_the_same_sizes) {
  std::size_t c[32] = {};
  const std::size_t n = psw_test_c_sizes(c);
  const std::size_t cxx[] = {sizeof(psw_op), sizeof(psw_reply), sizeof(psw_entry), sizeof(psw_record), sizeof(psw_credit), sizeof(psw_decision), sizeof(psw_http),
                             sizeof(psw_host), sizeof(psw_instance), sizeof(psw_type), sizeof(psw_plugin), sizeof(psw_note)};
  ASSERT_EQ(n, std::size(cxx));
  for (std::size_t i = 0; i != n; ++i) EXPECT_EQ(c[i], cxx[i]) << i;
}

TEST(Abi, a_field_is_there_only_if_the_size_says_so) {
  psw_reply r{};
  r.size = offsetof(psw_reply, at);
  EXPECT_TRUE(PSW_HAS(&r, psw_reply, body));
  EXPECT_FALSE(PSW_HAS(&r, psw_reply, at));
}

TEST(Abi, the_layout_of_the_first_header_is_pinned) {
  // Golden: a change here breaks every plugin ever built. Appending a field changes a size, never an offset.
  EXPECT_EQ(offsetof(psw_reply, rows), 72u);
  EXPECT_EQ(offsetof(psw_entry, if_refused), 120u);
  EXPECT_EQ(offsetof(psw_credit, hash), 136u);
  EXPECT_EQ(offsetof(psw_host, complete), 32u);
  EXPECT_EQ(offsetof(psw_type, create), 128u);
}

}  // namespace
}  // namespace payswitch

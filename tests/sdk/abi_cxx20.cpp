#include <payswitch/abi.h>
#include <payswitch/note.h>

#include <type_traits>

static_assert(__cplusplus >= 202002L);
static_assert(std::is_trivially_copyable_v<psw_entry> && std::is_standard_layout_v<psw_record>);

#include <payswitch/abi.h>
#include <payswitch/note.h>

static_assert(__cplusplus == 201703L, "this unit proves C++17");
static_assert(sizeof(psw_note) == 232, "");

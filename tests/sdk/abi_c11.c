#include <payswitch/abi.h>
#include <payswitch/note.h>

/* What a C author writes: the layout as C sees it, for the C++ side to compare. */
size_t psw_test_c_sizes(size_t *out) {
  size_t n = 0;
  out[n++] = sizeof(psw_op);
  out[n++] = sizeof(psw_reply);
  out[n++] = sizeof(psw_entry);
  out[n++] = sizeof(psw_record);
  out[n++] = sizeof(psw_credit);
  out[n++] = sizeof(psw_decision);
  out[n++] = sizeof(psw_http);
  out[n++] = sizeof(psw_host);
  out[n++] = sizeof(psw_instance);
  out[n++] = sizeof(psw_type);
  out[n++] = sizeof(psw_plugin);
  out[n++] = sizeof(psw_note);
  return n;
}

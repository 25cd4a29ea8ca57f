/* The ELF note .note.payswitch: what a plugin says about itself to somebody who reads the file without running its code.
 * C11 and C++17. Standard note framing, everything little endian:
 *   offset  0  uint32  namesz = 12            ("Payswitch" and three zeros)
 *           4  uint32  descsz = 208           (sizeof psw_note_desc; may grow, read only what descsz covers)
 *           8  uint32  type   = 1
 *          12  char    name[12]
 *          24  psw_note_desc
 * There is exactly one such note in a plugin; the host refuses none, two, or one that contradicts psw_plugin_entry. */
#ifndef PSW_NOTE_H
#define PSW_NOTE_H
#include <payswitch/abi.h>

#define PSW_NOTE_SECTION ".note.payswitch"
#define PSW_NOTE_NAME "Payswitch\0\0" /* with its terminator 12 bytes */
#define PSW_NOTE_TYPE 1
#define PSW_SDK_VERSION "0.1.0"

typedef struct psw_note_desc {
  uint32_t magic;                                /* PSW_MAGIC */
  uint16_t abi_major, abi_minor, min_host_minor, /* as in psw_plugin */
      pad;
  uint32_t pad2;
  char id[64];      /* psw_plugin.id, zero-terminated */
  char version[32]; /* psw_plugin.version */
  char sdk[32];     /* PSW_SDK_VERSION the plugin was built against */
  char build[64];   /* the compiler, for people who compare binaries */
} psw_note_desc;

typedef struct psw_note {
  uint32_t namesz, descsz, type;
  char name[12];
  psw_note_desc desc;
} psw_note;

#ifdef __cplusplus
static_assert(sizeof(psw_note_desc) == 208 && sizeof(psw_note) == 232, "the note's layout is read byte by byte");
#define PSW_ALIGNAS4 alignas(4)
#else
_Static_assert(sizeof(psw_note_desc) == 208 && sizeof(psw_note) == 232, "the note's layout is read byte by byte");
#define PSW_ALIGNAS4 _Alignas(4)
#endif

#define PSW_TEXT_(x) #x
#define PSW_TEXT(x) PSW_TEXT_(x)
/* clang's AddressSanitizer would put a red zone behind the note, and that reads like a second one. */
#if defined(__clang__)
#define PSW_BARE_GLOBAL __attribute__((no_sanitize("address")))
#else
#define PSW_BARE_GLOBAL
#endif
#if defined(__clang__)
#define PSW_COMPILER "clang " PSW_TEXT(__clang_major__) "." PSW_TEXT(__clang_minor__)
#elif defined(__GNUC__)
#define PSW_COMPILER "gcc " PSW_TEXT(__GNUC__) "." PSW_TEXT(__GNUC_MINOR__)
#else
#define PSW_COMPILER "unknown"
#endif

/* Once per plugin, beside the definition of psw_plugin_entry. id and version are string literals. */
#define PSW_NOTE(id_text, version_text, min_host_minor_number)                                                        \
  PSW_BARE_GLOBAL __attribute__((section(PSW_NOTE_SECTION), used)) PSW_ALIGNAS4 static const psw_note psw_note_of_this_plugin = {      \
      12, sizeof(psw_note_desc), PSW_NOTE_TYPE, PSW_NOTE_NAME,                                                         \
      {PSW_MAGIC, PSW_ABI_MAJOR, PSW_ABI_MINOR, min_host_minor_number, 0, 0, id_text, version_text, PSW_SDK_VERSION, PSW_COMPILER}}
#endif

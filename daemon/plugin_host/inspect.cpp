#include "plugin_host/inspect.h"

#include "plugin_host/elf_file.h"
#include "plugin_host/file_policy.h"
#include "plugin_host/library.h"

namespace payswitch::daemon::plugin_host {

Result<NoteFacts> inspect_file(const std::string& file, const std::string& directory, std::string_view sha256, bool allow_outside) {
  auto judged = judge_file(file, directory, sha256, allow_outside);
  if (!judged.ok()) return judged.error();
  auto note = read_elf(judged->bytes);
  if (!note.ok()) return Error{"file " + file + ": step note: " + note.error().message};
  note->sha256 = judged->sha256;
  return note;
}

Result<Descriptor> inspect_loaded(const std::string& file, const std::string& directory, std::string_view sha256, bool allow_outside) {
  auto library = Library::load(file, directory, sha256, allow_outside);
  if (!library.ok()) return library.error();
  return library.value()->descriptor();  // the image stays mapped: RTLD_NODELETE
}

}  // namespace payswitch::daemon::plugin_host

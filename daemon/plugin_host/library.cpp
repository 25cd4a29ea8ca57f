#include "plugin_host/library.h"

#include <dlfcn.h>

#include <boost/dll/shared_library.hpp>

#include "plugin_host/elf_file.h"
#include "plugin_host/fence.h"
#include "plugin_host/file_policy.h"

namespace payswitch::daemon::plugin_host {

struct Library::Image {
  boost::dll::shared_library library;
};

Library::Library() = default;
Library::~Library() = default;

Result<std::unique_ptr<Library>> Library::load(const std::string& file, const std::string& directory, std::string_view sha256, bool allow_outside) {
  auto judged = judge_file(file, directory, sha256, allow_outside);
  if (!judged.ok()) return judged.error();
  auto note = read_elf(judged->bytes);
  if (!note.ok()) return Error{"file " + file + ": step note: " + note.error().message};
  judged->bytes = std::string();

  auto made = std::unique_ptr<Library>(new Library);
  made->image_ = std::make_unique<Image>();
  const psw_plugin* entry = nullptr;
  std::string failure;
  // rtld_now: an undefined symbol is found here and not at the first call. RTLD_NODELETE: code is never unloaded. The throwing overload,
  // because only it carries the linker's own words.
  const auto mode = boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local | static_cast<boost::dll::load_mode::type>(RTLD_NODELETE);
  through_fence(
      [&] {
        made->image_->library.load(judged->path, mode);
        entry = &made->image_->library.get<const psw_plugin>("psw_plugin_entry");
      },
      [&](const char* what) { failure = what; });
  if (!failure.empty()) {
    const bool tls = failure.find("static TLS") != std::string::npos;
    return Error{"file " + file + ": step load: " + failure + (tls ? "; it needs a restart of the daemon" : "; install what it needs, or rebuild it on this system")};
  }
  auto descriptor = read_descriptor(*entry);
  if (!descriptor.ok()) return Error{"file " + file + ": " + descriptor.error().message};
  if (descriptor->id != note->id || descriptor->version != note->version || descriptor->abi_major != note->abi_major) {
    return Error{"file " + file + ": step descriptor: note and descriptor name different plugins (" + note->id + " " + note->version + ", " + descriptor->id + " " + descriptor->version + "); rebuild it"};
  }
  made->descriptor_ = std::move(descriptor).value();
  made->descriptor_.file = judged->path;
  made->descriptor_.sha256 = judged->sha256;
  made->descriptor_.sdk = note->sdk;
  made->descriptor_.build = note->build;
  return made;
}

}  // namespace payswitch::daemon::plugin_host

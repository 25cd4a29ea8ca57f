// Steps 1 to 6 of the load pipeline as far as the file goes: policy, ELF, dlopen, descriptor. The code stays mapped for ever.
#pragma once

#include <payswitch/abi.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "plugin_host/descriptor.h"

namespace payswitch::daemon::plugin_host {

class Library {
 public:
  // [control] The error names file, step and remedy.
  static Result<std::unique_ptr<Library>> load(const std::string& file, const std::string& directory, std::string_view sha256, bool allow_outside);
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  const Descriptor& descriptor() const noexcept { return descriptor_; }

 private:
  Library();
  struct Image;  // Boost.DLL stays in the .cpp
  std::unique_ptr<Image> image_;
  Descriptor descriptor_;
};

}  // namespace payswitch::daemon::plugin_host

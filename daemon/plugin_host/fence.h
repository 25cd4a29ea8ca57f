// The fence: nothing that a plugin throws gets past it.
#pragma once

#include <cxxabi.h>

#include <exception>

namespace payswitch::daemon::plugin_host {

// Runs `call`; on any exception, foreign ones included, runs on_fault(what). Thread cancellation passes, as it must.
template <class Call, class OnFault>
bool through_fence(Call&& call, OnFault&& on_fault) {
  try {
    call();
    return true;
  } catch (abi::__forced_unwind&) {
    throw;
  } catch (const std::exception& error) {
    on_fault(error.what());
  } catch (...) {
    on_fault("an exception that is no std::exception");
  }
  return false;
}

}  // namespace payswitch::daemon::plugin_host

// A faulted or hanging instance is never destroyed (its code may still be at work), so what the plugins that misbehave allocated in
// create() stays for ever: LeakSanitizer is told so for these two fixtures, and for nothing of the host's own.
extern "C" const char* __lsan_default_suppressions();  // called by LeakSanitizer; nobody else needs it
extern "C" const char* __lsan_default_suppressions() { return "leak:scripted\nleak:liar\n"; }

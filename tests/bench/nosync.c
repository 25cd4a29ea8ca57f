/* Preloaded into the daemon for http.sync_vs_nosync: syncs that cost nothing. Never use it for anything that matters. */
int fdatasync(int fd);
int fsync(int fd);
int fdatasync(int fd) { (void)fd; return 0; }
int fsync(int fd) { (void)fd; return 0; }

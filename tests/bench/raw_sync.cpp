// The ceiling of every durable engine on this disk: pwrite of so many bytes and fdatasync, again and again, into a file that was
// filled with zeros before, as a journal's preallocated segment is. Prints one JSON object.
// usage: raw_sync FILE BYTES SECONDS
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

constexpr std::int64_t file_bytes = 64 << 20;  // one segment; the loop starts over at its end

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: raw_sync FILE BYTES SECONDS\n");
    return 2;
  }
  using clock = std::chrono::steady_clock;
  const auto bytes = static_cast<std::size_t>(std::max(1L, std::strtol(argv[2], nullptr, 10)));
  const std::chrono::duration<double> length(std::strtod(argv[3], nullptr));
  const int fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) fail(argv[1]);
  std::vector<char> zeros(1 << 20, 0);
  for (std::int64_t offset = 0; offset < file_bytes; offset += static_cast<std::int64_t>(zeros.size()))
    if (pwrite(fd, zeros.data(), zeros.size(), offset) != static_cast<ssize_t>(zeros.size())) fail("pwrite");
  if (fsync(fd) != 0) fail("fsync");

  std::vector<char> frame(bytes, 'x');
  std::vector<std::uint32_t> times_ns;
  times_ns.reserve(1 << 20);
  std::int64_t offset = 0;
  const double cpu_before = cpu_seconds();
  const auto start = clock::now();
  auto now = start;
  while (now - start < length) {
    if (offset + static_cast<std::int64_t>(bytes) > file_bytes) offset = 0;
    if (pwrite(fd, frame.data(), bytes, offset) != static_cast<ssize_t>(bytes)) fail("pwrite");
    if (fdatasync(fd) != 0) fail("fdatasync");
    offset += static_cast<std::int64_t>(bytes);
    const auto after = clock::now();
    times_ns.push_back(static_cast<std::uint32_t>(std::min<std::int64_t>((after - now).count(), UINT32_MAX)));
    now = after;
  }
  const double seconds = std::chrono::duration<double>(now - start).count();
  const double cpu = cpu_seconds() - cpu_before;
  std::sort(times_ns.begin(), times_ns.end());
  const auto at = [&](double share) { return times_ns[static_cast<std::size_t>(share * static_cast<double>(times_ns.size() - 1))] / 1e3; };
  std::printf("{\"count\": %zu, \"seconds\": %.6f, \"cpu_seconds\": %.6f, \"p50_us\": %.2f, \"p99_us\": %.2f}\n", times_ns.size(), seconds, cpu,
              at(0.5), at(0.99));
  close(fd);
  unlink(argv[1]);
}

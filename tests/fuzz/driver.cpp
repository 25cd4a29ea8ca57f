// Runs a fuzz target without libFuzzer: every file of the folders given, as it is and in fixed mutations, so that an ordinary
// build also walks the paths next to the corpus. A crash, a sanitizer report or an empty corpus fails.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr unsigned mutations_per_file = 300;

std::uint64_t next_random(std::uint64_t& state) {  // splitmix64
  std::uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

void run(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

std::string mutated(const std::string& original, std::uint64_t& state) {
  std::string bytes = original;
  for (std::uint64_t edits = 1 + next_random(state) % 3; edits > 0 && !bytes.empty(); --edits) {
    const std::size_t at = next_random(state) % bytes.size();
    switch (next_random(state) % 5) {
      case 0: bytes[at] = static_cast<char>(next_random(state)); break;
      case 1: bytes.erase(at, 1 + next_random(state) % 8); break;
      case 2: bytes.insert(at, bytes.substr(at, 1 + next_random(state) % 16)); break;
      case 3: bytes.resize(at); break;
      default: bytes[at] = static_cast<char>(bytes[at] ^ (1 << (next_random(state) % 8))); break;
    }
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) {
      files.emplace_back(argv[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  std::uint64_t state = 1;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    run(bytes);
    for (unsigned i = 0; i < mutations_per_file; ++i) run(mutated(bytes, state));
  }
  std::printf("%zu files, %zu inputs\n", files.size(), files.size() * (mutations_per_file + 1));
  return files.empty() ? 1 : 0;
}

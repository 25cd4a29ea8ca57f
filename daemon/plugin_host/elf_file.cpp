#include "plugin_host/elf_file.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "plugin_host/utf8.h"

namespace payswitch::daemon::plugin_host {
namespace {

#if defined(__x86_64__)
constexpr std::uint16_t our_machine = EM_X86_64;
constexpr const char* our_machine_name = "x86-64";
#elif defined(__aarch64__)
constexpr std::uint16_t our_machine = EM_AARCH64;
constexpr const char* our_machine_name = "arm64";
#else
#error "Payswitch runs on x86-64 and arm64"
#endif

constexpr std::size_t sections_max = 4096;

class File {
 public:
  explicit File(std::string_view bytes) : bytes_(bytes) {}

  bool holds(std::uint64_t offset, std::uint64_t size) const { return offset <= bytes_.size() && size <= bytes_.size() - offset; }
  template <class T>
  std::optional<T> at(std::uint64_t offset) const {
    if (!holds(offset, sizeof(T))) return std::nullopt;
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }
  std::string_view view(std::uint64_t offset, std::uint64_t size) const { return bytes_.substr(offset, size); }
  // The zero-terminated string at `offset` of a table that ends at `end`.
  std::optional<std::string_view> text(std::uint64_t offset, std::uint64_t end) const {
    if (offset >= end || end > bytes_.size()) return std::nullopt;
    const std::string_view rest = bytes_.substr(offset, end - offset);
    const std::size_t zero = rest.find('\0');
    if (zero == std::string_view::npos) return std::nullopt;
    return rest.substr(0, zero);
  }
  std::size_t size() const { return bytes_.size(); }

 private:
  std::string_view bytes_;
};

std::string fixed_text(const char* field, std::size_t size) {
  std::string text(field, ::strnlen(field, size));
  utf8_repair(text.data(), text.size());
  return text;
}

Result<NoteFacts> read_note(std::string_view section) {
  if (section.size() < offsetof(psw_note, desc)) return Error{"its note .note.payswitch is too short"};
  psw_note note{};
  std::memcpy(&note, section.data(), std::min(section.size(), sizeof note));
  constexpr char name[12] = "Payswitch";
  if (note.namesz != sizeof note.name || note.type != PSW_NOTE_TYPE || std::memcmp(note.name, name, sizeof name) != 0) return Error{"its note .note.payswitch has another form"};
  if (note.descsz < sizeof note.desc || section.size() < offsetof(psw_note, desc) + note.descsz) return Error{"its note .note.payswitch is too short"};
  const std::uint64_t whole = (offsetof(psw_note, desc) + static_cast<std::uint64_t>(note.descsz) + 3) & ~std::uint64_t{3};
  if (section.size() > whole) return Error{"it has more than one note .note.payswitch: link one plugin into one file"};
  if (note.desc.magic != PSW_MAGIC) return Error{"the note's magic number is not Payswitch's"};
  NoteFacts facts;
  facts.abi_major = note.desc.abi_major;
  facts.abi_minor = note.desc.abi_minor;
  facts.min_host_minor = note.desc.min_host_minor;
  facts.id = fixed_text(note.desc.id, sizeof note.desc.id);
  facts.version = fixed_text(note.desc.version, sizeof note.desc.version);
  facts.sdk = fixed_text(note.desc.sdk, sizeof note.desc.sdk);
  facts.build = fixed_text(note.desc.build, sizeof note.desc.build);
  if (facts.id.empty()) return Error{"its note names no plugin"};
  if (facts.abi_major != PSW_ABI_MAJOR) {
    return Error{"it was built for plugin ABI " + std::to_string(facts.abi_major) + ", this host speaks " + std::to_string(PSW_ABI_MAJOR) + "; rebuild it with this host's SDK"};
  }
  if (facts.min_host_minor > PSW_ABI_MINOR) {
    return Error{"it needs a host of ABI minor " + std::to_string(facts.min_host_minor) + ", this one has " + std::to_string(PSW_ABI_MINOR) + "; upgrade payswitchd"};
  }
  return facts;
}

// Exactly one defined psw_plugin_entry of type OBJECT among the dynamic symbols.
std::string judge_entry(const File& file, const Elf64_Shdr& symbols, const Elf64_Shdr& names) {
  if (symbols.sh_entsize != sizeof(Elf64_Sym) || !file.holds(symbols.sh_offset, symbols.sh_size) || !file.holds(names.sh_offset, names.sh_size)) {
    return "its symbol table lies outside of the file";
  }
  int found = 0;
  for (std::uint64_t i = 0; i < symbols.sh_size / sizeof(Elf64_Sym); ++i) {
    const auto symbol = file.at<Elf64_Sym>(symbols.sh_offset + i * sizeof(Elf64_Sym));
    if (!symbol || symbol->st_shndx == SHN_UNDEF) continue;
    const auto name = file.text(names.sh_offset + symbol->st_name, names.sh_offset + names.sh_size);
    if (!name) return "a symbol's name lies outside of the file";
    if (*name != "psw_plugin_entry") continue;
    ++found;
    if (ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT) return "its psw_plugin_entry is no data object; it must be a const psw_plugin";
    if (symbol->st_size < sizeof(psw_plugin)) return "its psw_plugin_entry is smaller than a psw_plugin";
  }
  if (found == 0) return "it exports no psw_plugin_entry: it is no Payswitch plugin";
  return found == 1 ? std::string() : "it exports psw_plugin_entry more than once";
}

}  // namespace

Result<NoteFacts> read_elf(std::string_view bytes) {
  const File file(bytes);
  const auto header = file.at<Elf64_Ehdr>(0);
  if (bytes.size() < SELFMAG || std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0) return Error{"it is no ELF file"};
  if (!header) return Error{"it is cut short: not even the ELF header is whole"};
  if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB) return Error{"it is not 64-bit little endian"};
  if (header->e_machine != our_machine) return Error{std::string("it was built for another machine; this host is ") + our_machine_name};
  if (header->e_type != ET_DYN) return Error{"it is no shared library"};
  if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_shentsize != sizeof(Elf64_Shdr) || header->e_phnum == 0 || header->e_shnum == 0 || header->e_shnum > sections_max) {
    return Error{"its ELF header makes no sense, or its section table was stripped"};
  }
  if (!file.holds(header->e_phoff, static_cast<std::uint64_t>(header->e_phnum) * sizeof(Elf64_Phdr))) return Error{"it is cut short: the program headers are missing"};
  if (!file.holds(header->e_shoff, static_cast<std::uint64_t>(header->e_shnum) * sizeof(Elf64_Shdr))) return Error{"it is cut short: the section headers are missing"};
  bool code = false;
  bool interpreter = false;
  for (std::uint64_t i = 0; i < header->e_phnum; ++i) {
    const auto segment = file.at<Elf64_Phdr>(header->e_phoff + i * sizeof(Elf64_Phdr));
    if (!file.holds(segment->p_offset, segment->p_filesz)) return Error{"it is cut short: a segment reaches beyond its end"};
    if (segment->p_type == PT_LOAD && segment->p_filesz > segment->p_memsz) return Error{"a segment is larger in the file than in memory"};
    code |= segment->p_type == PT_LOAD;
    interpreter |= segment->p_type == PT_INTERP;
  }
  if (!code) return Error{"nothing in it can be loaded"};
  if (interpreter) return Error{"it is a program, not a shared library"};

  std::vector<Elf64_Shdr> sections;
  for (std::uint64_t i = 0; i < header->e_shnum; ++i) sections.push_back(*file.at<Elf64_Shdr>(header->e_shoff + i * sizeof(Elf64_Shdr)));
  if (header->e_shstrndx >= sections.size()) return Error{"its section names are missing"};
  const Elf64_Shdr& names = sections[header->e_shstrndx];
  if (!file.holds(names.sh_offset, names.sh_size)) return Error{"it is cut short: the section names are missing"};
  const Elf64_Shdr* note = nullptr;
  const Elf64_Shdr* symbols = nullptr;
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type == SHT_DYNSYM) symbols = &section;
    if (section.sh_type != SHT_NOBITS && section.sh_type != SHT_NULL && !file.holds(section.sh_offset, section.sh_size)) return Error{"it is cut short: a section reaches beyond its end"};
    const auto name = file.text(names.sh_offset + section.sh_name, names.sh_offset + names.sh_size);
    if (!name) return Error{"a section's name lies outside of the file"};
    if (*name != PSW_NOTE_SECTION) continue;
    if (note != nullptr) return Error{"it has more than one note .note.payswitch"};
    note = &section;
  }
  if (symbols == nullptr || symbols->sh_link >= sections.size()) return Error{"it exports nothing: it is no Payswitch plugin"};
  if (const std::string wrong = judge_entry(file, *symbols, sections[symbols->sh_link]); !wrong.empty()) return Error{wrong};
  if (note == nullptr || note->sh_type == SHT_NOBITS) return Error{"it has no note .note.payswitch: build it with payswitch_add_connector, or put PSW_NOTE beside the entry"};
  return read_note(file.view(note->sh_offset, note->sh_size));
}

}  // namespace payswitch::daemon::plugin_host

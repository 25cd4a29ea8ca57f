// The strict JSON reader, and the writer behind it: what is accepted is written and read again as the same text.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory_resource>
#include <string_view>

#include "base/json.h"
#include "base/text.h"

namespace {

using namespace payswitch::daemon;

void require(bool condition) {
  if (!condition) std::abort();
}

void write(json::Writer& writer, const json::Value& value) {
  switch (value.kind()) {
    case json::Kind::null: writer.null(); return;
    case json::Kind::boolean: writer.boolean(value.boolean()); return;
    case json::Kind::string:
      require(is_utf8(value.string()));
      writer.string(value.string());
      return;
    case json::Kind::integer: {
      std::int64_t number = 0;
      std::uint64_t large = 0;
      if (value.to_int64(number)) writer.integer(number);
      else if (value.to_uint64(large)) writer.unsigned_integer(large);
      else std::abort();
      return;
    }
    case json::Kind::array:
      writer.begin_array();
      for (const json::Value& element : value.array()) write(writer, element);
      writer.end_array();
      return;
    case json::Kind::object:
      writer.begin_object();
      for (const json::Member& member : value.members()) {
        require(value.find(member.name) == &member.value);  // no duplicate
        writer.key(member.name);
        write(writer, member.value);
      }
      writer.end_object();
      return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  json::Value value;
  json::ParseError error;
  // An arena that ends early must be a refusal, never an exception.
  std::array<std::byte, 512> memory;
  std::pmr::monotonic_buffer_resource small(memory.data(), memory.size(), std::pmr::null_memory_resource());
  json::parse(text, small, value, error);

  std::pmr::monotonic_buffer_resource arena;
  if (!json::parse(text, arena, value, error)) {
    require(error.reason != json::Reason::none && error.offset <= size && error.where().size() < sizeof error.path);
    return 0;
  }
  json::Writer first(arena);
  write(first, value);
  require(first.ok());
  json::Value again;
  require(json::parse(first.text(), arena, again, error));
  json::Writer second(arena);
  write(second, again);
  require(first.text() == second.text());
  return 0;
}

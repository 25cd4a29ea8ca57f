// What a plugin file may be, and what each one that may not is told: plugin, file, step and remedy.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "daemon/plugin_host/world.h"
#include "plugin_host/inspect.h"

namespace payswitch::daemon::plugin_host {
namespace {

namespace fs = std::filesystem;

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// A plugin directory of the test's own.
class Directory {
 public:
  Directory() {
    std::string pattern = (fs::temp_directory_path() / "psw-host-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
    ::chmod(path_.c_str(), 0755);
  }
  ~Directory() { fs::remove_all(path_); }
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name + ".so"; }
  std::string put(const std::string& name, const std::string& bytes) const {
    std::ofstream(file(name), std::ios::binary) << bytes;
    ::chmod(file(name).c_str(), 0644);
    return file(name);
  }

 private:
  std::string path_;
};

std::string good() { return read(fixtures() + "/good.so"); }

std::string refusal(const Result<NoteFacts>& result) { return result.ok() ? "" : result.error().message; }

// The whole pipeline for a fixture; what it was told, or nothing.
std::string told(const std::string& fixture) {
  World world(false);
  const auto added = world.host->add(World::settings("books", fixture));
  return added.ok() ? "" : added.error().message;
}

void expect_words(const std::string& message, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) EXPECT_NE(message.find(word), std::string::npos) << "missing \"" << word << "\" in: " << message;
}

TEST(plugin_host_load, a_good_file_says_what_it_is_without_running) {
  const auto note = inspect_file(fixtures() + "/good.so", fixtures());
  ASSERT_TRUE(note.ok()) << refusal(note);
  EXPECT_EQ(note->id, "fixture");
  EXPECT_EQ(note->version, "1.0.0");
  EXPECT_EQ(note->sha256.size(), 64u);
  EXPECT_FALSE(note->build.empty());
}

TEST(plugin_host_load, a_good_file_loads_and_its_descriptor_is_copied) {
  const auto descriptor = inspect_loaded(fixtures() + "/scripted.so", fixtures());
  ASSERT_TRUE(descriptor.ok());
  EXPECT_EQ(descriptor->types.size(), 3u);
  ASSERT_NE(descriptor->type("gateway"), nullptr);
  EXPECT_EQ(descriptor->type("gateway")->role, Role::gateway);
  EXPECT_EQ(descriptor->type("gateway")->keys.size(), 2u);
  EXPECT_EQ(descriptor->type("nothing"), nullptr);
}

TEST(plugin_host_load, what_a_plugin_says_is_told_in_words) {
  const auto descriptor = inspect_loaded(fixtures() + "/scripted.so", fixtures());
  ASSERT_TRUE(descriptor.ok());
  const std::string json = to_json(*descriptor);
  for (const char* words : {R"("mode":"loop")", R"("mode":"blocking")", R"("groups":["write","read","command"])", R"("type":"string")", R"("flags":[])"}) {
    EXPECT_NE(json.find(words), std::string::npos) << words << " in " << json;
  }
}

TEST(plugin_host_load, H1_a_missing_file_is_refused_by_name) { expect_words(told("absent"), {"connector \"books\"", "plugin \"absent\"", "absent.so", "step file", "no such file", "install"}); }

TEST(plugin_host_load, H2_an_empty_file_is_refused) {
  const Directory d;
  expect_words(refusal(inspect_file(d.put("empty", ""), d.path())), {"empty.so", "step file", "empty"});
}

TEST(plugin_host_load, H3_a_text_file_is_refused) {
  const Directory d;
  expect_words(refusal(inspect_file(d.put("text", "#!/bin/sh\necho I am no plugin, but I am long enough to hold an ELF header, just about\n"), d.path())), {"text.so", "step note", "no ELF"});
}

TEST(plugin_host_load, H4_a_file_cut_at_any_of_50_points_is_refused_before_it_is_mapped) {
  const Directory d;
  const std::string whole = good();
  for (std::size_t i = 1; i <= 50; ++i) {
    const std::size_t size = whole.size() * i / 51;
    EXPECT_FALSE(inspect_file(d.put("cut", whole.substr(0, size)), d.path()).ok()) << "cut at " << size << " of " << whole.size();
  }
  EXPECT_TRUE(inspect_file(d.put("cut", whole), d.path()).ok());
}

TEST(plugin_host_load, H6_a_file_of_another_machine_is_refused) {
  const Directory d;
  std::string bytes = good();
  bytes[18] = 40;  // e_machine: 32-bit ARM
  bytes[19] = 0;
  expect_words(refusal(inspect_file(d.put("arm", bytes), d.path())), {"another machine"});
  bytes = good();
  bytes[4] = 1;  // 32-bit
  expect_words(refusal(inspect_file(d.put("small", bytes), d.path())), {"64-bit"});
}

TEST(plugin_host_load, H7_an_undefined_symbol_is_found_at_load_and_named) { expect_words(told("undefined_symbol"), {"undefined_symbol.so", "step load", "nobody_defines_this_function"}); }

TEST(plugin_host_load, H8_a_missing_dependency_is_named) { expect_words(told("missing_dependency"), {"missing_dependency.so", "step load", "libhost_fixture_helper.so", "install"}); }

TEST(plugin_host_load, H9_a_library_without_entry_is_refused) {
  expect_words(told("no_entry"), {"step note", "psw_plugin_entry"});
  expect_words(told("entry_function"), {"step note", "no data object"});
  expect_words(told("no_note"), {"step note", ".note.payswitch", "payswitch_add_connector"});
}

TEST(plugin_host_load, H10_a_wrong_magic_is_refused) { expect_words(told("wrong_magic"), {"step descriptor", "magic"}); }

TEST(plugin_host_load, H11_a_descriptor_that_is_too_small_is_refused) {
  expect_words(told("small_size"), {"step descriptor", "size is 16"});
  expect_words(told("short_stride"), {"step descriptor", "types is no list"});
}

TEST(plugin_host_load, H12_another_abi_is_refused_above_and_below) {
  expect_words(told("abi_above"), {"step descriptor", "ABI 1", "rebuild"});
  expect_words(told("abi_below"), {"step descriptor", "ABI 65535", "rebuild"});
  expect_words(told("abi_note_above"), {"step note", "ABI 1", "rebuild"});
}

TEST(plugin_host_load, H13_a_plugin_that_needs_a_newer_host_is_refused) {
  expect_words(told("newer_minor"), {"step descriptor", "minor 9", "upgrade"});
  expect_words(told("newer_note_minor"), {"step note", "minor 9", "upgrade"});
}

TEST(plugin_host_load, H14_a_file_that_others_can_write_is_refused) {
  const Directory d;
  const std::string file = d.put("open", good());
  ::chmod(file.c_str(), 0646);
  expect_words(refusal(inspect_file(file, d.path())), {"world-writable", "chmod"});
  ::chmod(file.c_str(), 0664);
  expect_words(refusal(inspect_file(file, d.path())), {"group-writable"});
  ::chmod(file.c_str(), 0644);
  EXPECT_TRUE(inspect_file(file, d.path()).ok());
  ::chmod(d.path().c_str(), 0777);
  expect_words(refusal(inspect_file(file, d.path())), {"plugin directory", "world-writable"});
  ::chmod(d.path().c_str(), 0755);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(file.c_str(), 4242, 4242), 0);
    expect_words(refusal(inspect_file(file, d.path())), {"uid 4242", "chown"});
    EXPECT_TRUE(inspect_file(file, d.path(), {}, true).ok());  // tools may look all the same
  }
}

TEST(plugin_host_load, H15_a_symbolic_link_out_of_the_directory_is_refused) {
  const Directory d, elsewhere;
  const std::string outside = elsewhere.put("outside", good());
  ASSERT_EQ(::symlink(outside.c_str(), d.file("linked").c_str()), 0);
  expect_words(refusal(inspect_file(d.file("linked"), d.path())), {"symbolic link", "outside"});
  d.put("real", good());
  ASSERT_EQ(::symlink("real.so", d.file("alias").c_str()), 0);
  EXPECT_TRUE(inspect_file(d.file("alias"), d.path()).ok());  // inside is fine
  expect_words(told("../host_fixtures/good"), {"step file", "without path"});
}

TEST(plugin_host_load, H16_a_file_with_another_digest_than_pinned_is_refused) {
  const auto note = inspect_file(fixtures() + "/good.so", fixtures());
  ASSERT_TRUE(note.ok());
  EXPECT_TRUE(inspect_file(fixtures() + "/good.so", fixtures(), note->sha256).ok());
  expect_words(refusal(inspect_file(fixtures() + "/good.so", fixtures(), std::string(64, 'a'))), {"sha256", note->sha256, "pin"});
}

TEST(plugin_host_load, H21_the_same_file_serves_two_connectors) {
  World world(false);
  ASSERT_TRUE(world.host->add(World::settings("first", "scripted")).ok());
  ASSERT_TRUE(world.host->add(World::settings("second", "scripted")).ok());
  ASSERT_TRUE(world.host->start().ok());
  Seen one, two;
  world.write(*world.host->find("first"), one);
  world.write(*world.host->find("second"), two);
  world.run();
  EXPECT_EQ(one.times, 1);
  EXPECT_EQ(two.times, 1);
  EXPECT_EQ(world.host->status().size(), 2u);
}

TEST(plugin_host_load, H22_two_types_of_one_file_serve_side_by_side) {
  World world(false);
  ASSERT_TRUE(world.host->add(World::settings("books", "scripted")).ok());
  ASSERT_TRUE(world.host->add(World::settings("jh", "scripted:gateway")).ok());
  expect_words(world.host->add(World::settings("x", "scripted:nothing")).error().message, {"step type", "nothing"});
  ASSERT_TRUE(world.host->start().ok());
  Seen written, credited;
  world.write(*world.host->find("books"), written);
  world.credit(*world.host->find("jh"), credited);
  world.run();
  EXPECT_EQ(written.reply.code, PSW_OK);
  EXPECT_EQ(credited.reply.outcome, PSW_APPLIED);
  EXPECT_EQ(world.host->find("jh")->bank(), "jh");
}

TEST(plugin_host_load, A36_a_plugin_of_the_wrong_abi_or_open_to_the_world_never_runs) {
  expect_words(told("abi_above"), {"rebuild"});
  const Directory d;
  const std::string file = d.put("open", good());
  ::chmod(file.c_str(), 0666);
  const auto loaded = inspect_loaded(file, d.path());
  ASSERT_FALSE(loaded.ok());
  expect_words(loaded.error().message, {"world-writable"});
}

TEST(plugin_host_load, a_gateway_that_cannot_be_safe_is_refused) {
  expect_words(told("unsafe_gateway"), {"step descriptor", "not idempotent"});
  expect_words(told("stuck_gateway"), {"step descriptor", "neither cancel nor query"});
}

TEST(plugin_host_load, a_type_without_a_lane_for_its_work_is_refused) { expect_words(told("no_lane"), {"step descriptor", "no lane"}); }

TEST(plugin_host_load, note_and_descriptor_must_name_the_same_plugin) { expect_words(told("two_names"), {"step descriptor", "different plugins"}); }

TEST(plugin_host_load, a_connector_that_is_not_required_is_left_out_and_shown) {
  World world(false);
  ConnectorSettings s = World::settings("books", "wrong_magic");
  s.required = false;
  EXPECT_TRUE(world.host->add(s).ok());
  EXPECT_TRUE(world.host->start().ok());
  EXPECT_EQ(world.host->find("books"), nullptr);
  EXPECT_EQ(world.status().state, ConnectorState::faulted);
  expect_words(world.status().text, {"wrong_magic.so", "magic"});
  EXPECT_EQ(world.log_lines->count("PSW-HOST-002"), 1u);
}

TEST(plugin_host_load, two_connectors_of_one_name_are_refused) {
  World world(false);
  ASSERT_TRUE(world.host->add(World::settings("books", "scripted")).ok());
  expect_words(world.host->add(World::settings("books", "scripted")).error().message, {"unique"});
}

}  // namespace
}  // namespace payswitch::daemon::plugin_host

// Reading checked values out of the tree. A key that is absent or was refused gives the value it is asked with, so that building
// goes on and every problem is found in one run. Inner to config/.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/node.h"

namespace payswitch::daemon::config {

class Reader {
 public:
  explicit Reader(const Node* node) : node_(node) {}

  const Node* node() const noexcept { return node_; }
  explicit operator bool() const noexcept { return node_ != nullptr; }
  Reader at(std::string_view key) const { return Reader(node_ == nullptr ? nullptr : node_->find(key)); }
  SourceLocation where() const { return node_ == nullptr ? SourceLocation{} : node_->where; }

  std::string text() const { return node_ != nullptr && node_->kind == Node::Kind::string ? node_->text : std::string(); }
  std::int64_t integer(std::int64_t otherwise = 0) const { return usable() ? node_->integer : otherwise; }
  std::uint32_t count(std::uint32_t otherwise = 0) const { return usable() ? static_cast<std::uint32_t>(node_->integer) : otherwise; }
  bool boolean(bool otherwise = false) const { return usable() ? node_->boolean : otherwise; }
  std::chrono::nanoseconds duration() const { return std::chrono::nanoseconds(integer()); }

  const std::vector<Member>& members() const { return node_ == nullptr ? none().members : node_->members; }
  const std::vector<Node>& items() const { return node_ == nullptr ? none().items : node_->items; }

 private:
  bool usable() const noexcept { return node_ != nullptr && node_->kind != Node::Kind::other; }
  static const Node& none() {
    static const Node empty;
    return empty;
  }
  const Node* node_;
};

}  // namespace payswitch::daemon::config

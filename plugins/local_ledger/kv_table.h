// Keys and values in key order: a skip list with one writer and readers without locks (after LevelDB's db/skiplist.h). A value is an
// immutable object; replacing it is one pointer. Nodes whose key is gone for good are unlinked and freed through the Reclaimer.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <string_view>

#include "reclaimer.h"

namespace payswitch::local_ledger {

struct KvValue {
  std::uint64_t version = 0;     // 0: deleted
  std::int64_t expires_ms = 0;   // 0: never
  std::uint64_t offset = 0;      // of the entry that wrote it
  std::string bytes;
  bool alive(std::int64_t now_ms) const noexcept { return version != 0 && (expires_ms == 0 || expires_ms > now_ms); }
};

class KvTable {
  static constexpr int height_max = 16;

 public:
  struct Node {
    std::string key;
    const KvValue* work = nullptr;                    // [writer] as decided
    std::atomic<const KvValue*> published{nullptr};   // [any] as synced; nullptr: not yet
    int height = 1;
    std::atomic<Node*>* next = nullptr;
    ~Node() { delete[] next; }
  };

  explicit KvTable(Reclaimer& reclaimer) : reclaimer_(reclaimer) {
    head_.height = height_max;
    head_.next = new std::atomic<Node*>[height_max]();
  }
  ~KvTable() {
    for (Node* node = head_.next[0].load(); node != nullptr;) {
      Node* after = node->next[0].load();
      if (node->published.load() != node->work) delete node->published.load();
      delete node->work;
      delete node;
      node = after;
    }
  }
  KvTable(const KvTable&) = delete;
  KvTable& operator=(const KvTable&) = delete;

  // [any, under a guard] The first node whose key is not less than `key`, or nullptr.
  Node* lower_bound(std::string_view key) const noexcept { return find(key, nullptr); }
  Node* next(const Node* node) const noexcept { return node->next[0].load(std::memory_order_acquire); }

  // [writer]
  Node* find_exact(std::string_view key) const noexcept {
    Node* node = find(key, nullptr);
    return node != nullptr && node->key == key ? node : nullptr;
  }
  Node* insert(std::string_view key) {
    std::atomic<Node*>* links[height_max];
    Node* const after = find(key, links);
    if (after != nullptr && after->key == key) return after;
    Node* node = new Node;
    node->key = key;
    node->height = random_height();
    node->next = new std::atomic<Node*>[static_cast<std::size_t>(node->height)]();
    for (int i = 0; i != node->height; ++i) {
      node->next[i].store(links[i]->load(std::memory_order_relaxed), std::memory_order_relaxed);
      links[i]->store(node, std::memory_order_release);
    }
    ++size_;
    return node;
  }
  // The old value is freed when no reader sees it: call publish() after the sync, or for a value never published.
  void publish(Node* node) {
    const KvValue* old = node->published.load(std::memory_order_relaxed);
    if (old == node->work) return;
    node->published.store(node->work, std::memory_order_release);
    if (old != nullptr) retire(old);
  }
  void set(Node* node, const KvValue* value) {
    if (node->work != nullptr && node->work != node->published.load(std::memory_order_relaxed)) delete node->work;  // replaced within one batch
    node->work = value;
  }
  void erase(Node* node) {
    std::atomic<Node*>* links[height_max];
    find(node->key, links);
    for (int i = 0; i != node->height; ++i) links[i]->store(node->next[i].load(std::memory_order_relaxed), std::memory_order_release);
    if (node->work != nullptr) retire(node->work);
    reclaimer_.retire(node, [](void* p) { delete static_cast<Node*>(p); });
    --size_;
  }
  std::size_t size() const noexcept { return size_; }
  Node* first() const noexcept { return head_.next[0].load(std::memory_order_acquire); }

 private:
  Node* find(std::string_view key, std::atomic<Node*>** links) const noexcept {
    const Node* at = &head_;
    for (int level = height_max - 1;; --level) {
      Node* next = at->next[level].load(std::memory_order_acquire);
      while (next != nullptr && std::string_view(next->key) < key) {
        at = next;
        next = at->next[level].load(std::memory_order_acquire);
      }
      if (links != nullptr) links[level] = &at->next[level];
      if (level == 0) return next;
    }
  }
  void retire(const KvValue* value) {
    reclaimer_.retire(const_cast<KvValue*>(value), [](void* p) { delete static_cast<KvValue*>(p); });
  }
  int random_height() noexcept {  // 1/4 per level; only the shape depends on it
    random_ = random_ * 6364136223846793005u + 1442695040888963407u;
    int height = 1;
    for (std::uint64_t bits = random_ >> 33; height < height_max && (bits & 3) == 0; bits >>= 2) ++height;
    return height;
  }

  Reclaimer& reclaimer_;
  Node head_;
  std::uint64_t random_ = 0x853c49e6748fea9bu;
  std::size_t size_ = 0;
};

}  // namespace payswitch::local_ledger

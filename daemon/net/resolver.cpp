#include "net/resolver.h"

#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>

namespace payswitch::daemon::net {

struct Resolver::Shared {
  struct Found {
    std::uint64_t token;
    std::vector<SocketAddress> addresses;
  };
  std::mutex mutex;
  Loop* loop;  // nullptr: nobody listens any more
  std::vector<Found> found;
};

std::vector<SocketAddress> system_lookup(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  std::vector<SocketAddress> addresses;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list) != 0) return addresses;
  for (const addrinfo* info = list; info != nullptr; info = info->ai_next) {
    if (info->ai_family == AF_INET || info->ai_family == AF_INET6) addresses.push_back(SocketAddress::of_native(info->ai_addr, info->ai_addrlen));
  }
  ::freeaddrinfo(list);
  return addresses;
}

Resolver::Resolver(Loop& loop, Lookup lookup, void (*found)(void*, std::uint64_t, const std::vector<SocketAddress>&), void* context)
    : lookup_(lookup), found_(found), context_(context), shared_(std::make_shared<Shared>()) {
  shared_->loop = &loop;
}

Resolver::~Resolver() {
  const std::lock_guard lock(shared_->mutex);
  shared_->loop = nullptr;
}

void Resolver::start(const std::string& host, std::uint16_t port, std::uint64_t token) {
  if (running_ < threads_max) run({host, port, token});
  else waiting_.push_back({host, port, token});
}

void Resolver::run(Job job) {
  ++running_;
  const auto report = [](const std::shared_ptr<Shared>& shared, std::uint64_t token, std::vector<SocketAddress> addresses) {
    const std::lock_guard lock(shared->mutex);
    if (shared->loop == nullptr) return;
    shared->found.push_back({token, std::move(addresses)});
    shared->loop->wake();
  };
  const std::uint64_t token = job.token;
  try {
    std::thread([report, shared = shared_, lookup = lookup_, job = std::move(job)] {
      report(shared, job.token, lookup(job.host, job.port));
    }).detach();
  } catch (const std::system_error&) {
    report(shared_, token, {});  // no thread to be had: as if the name were unknown
  }
}

void Resolver::deliver() {
  std::vector<Shared::Found> found;
  {
    const std::lock_guard lock(shared_->mutex);
    found.swap(shared_->found);
  }
  for (const Shared::Found& one : found) {
    --running_;
    found_(context_, one.token, one.addresses);
  }
  while (running_ < threads_max && !waiting_.empty()) {
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    run(std::move(job));
  }
}

}  // namespace payswitch::daemon::net

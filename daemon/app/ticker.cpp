#include "app/ticker.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace payswitch::daemon::app {

struct Ticker::Impl {
  Impl(net::Loop& loop, std::chrono::milliseconds every, net::Callback what) : timer(loop.context()), interval(every), tick(what) {}

  void arm() {
    timer.expires_after(interval);
    timer.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      tick();
      arm();
    });
  }

  boost::asio::steady_timer timer;
  std::chrono::milliseconds interval;
  net::Callback tick;
};

Ticker::Ticker(net::Loop& loop, std::chrono::milliseconds interval, net::Callback tick) : impl_(std::make_unique<Impl>(loop, interval, tick)) { impl_->arm(); }
Ticker::~Ticker() = default;

}  // namespace payswitch::daemon::app

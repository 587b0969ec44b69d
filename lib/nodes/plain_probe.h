// Whether a server that says nothing to TLS speaks plain text: Redis waits for ever for the end of
// the line that it takes a ClientHello for. Asked on a connection of its own, without a secret.
#pragma once

#include <memory>
#include <string_view>

#include "lib/env/env.h"

namespace quorumlock::nodes {

class PlainProbe final : private env::StreamEvents {
  public:
    class Events {
      public:
        /// It does. May destroy the probe.
        virtual void on_plain_text() = 0;

      protected:
        ~Events() = default;
    };

    /// `to` without TLS. Nothing is told where the server says nothing, or something else.
    PlainProbe(const env::Endpoint& to, env::Env& env, Events& events)
        : events_(events), stream_(env.connect(to, *this)) {}

  private:
    void on_open() override { stream_->write("PING\r\n"); }
    void on_data(const char* bytes, std::size_t size) override {
        // +PONG, or an error for who has not told a password.
        if (size > 0 && (bytes[0] == '+' || bytes[0] == '-')) events_.on_plain_text();
    }
    void on_closed(std::string_view) override {}

    Events& events_;
    std::unique_ptr<env::Stream> stream_;
};

}  // namespace quorumlock::nodes

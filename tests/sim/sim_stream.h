// The client's end of a connection, as lib/env promises it: bytes leave once per turn, what has
// left is counted, nothing is told after the end.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/env/env.h"
#include "tests/sim/clock.h"

namespace quorumlock::sim {

class Link;
class SimProcess;

class SimStream final : public env::Stream {
  public:
    SimStream(SimProcess& process, env::StreamEvents& events);
    ~SimStream() override;
    void start(const env::Endpoint& to);

    void write(std::string_view bytes) override;
    std::uint64_t accepted() const noexcept override { return accepted_; }
    std::uint64_t sent() const noexcept override { return sent_; }

    // ---- in a turn of the process ----
    void flush();
    void opened();
    void received(std::string_view bytes);
    void closed(const char* why);

    /// The process has died: its kernel closes, the program is told nothing.
    void cut_off();

  private:
    /// Until here (in accepted_'s terms) the buffer was written at this time of the own clock.
    struct Written {
        std::uint64_t end;
        std::int64_t at;
    };

    void note_ask(std::int64_t now);

    SimProcess& process_;
    env::StreamEvents& events_;
    Link* link_ = nullptr;
    bool open_ = false;
    bool dirty_ = false;
    std::string buffer_;
    std::vector<Written> written_;
    /// Something was asked, and nothing has been heard since; by the own clock, and what had been
    /// stolen from the process by then.
    struct Unheard {
        std::int64_t since;
        Time stolen;
    };
    std::optional<Unheard> unheard_;
    std::size_t asks_ = 0;
    std::uint64_t accepted_ = 0;
    std::uint64_t sent_ = 0;
};

}  // namespace quorumlock::sim

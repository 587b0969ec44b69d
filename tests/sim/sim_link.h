// One connection between a client process and a server, or the attempt to make one: what TCP does
// with it, and what can happen to it. The client's end is a SimStream, the server's a SimServer.
#pragma once

#include <cstdint>
#include <string>

#include "tests/sim/sim_pipe.h"
#include "tests/sim/sim_redis.h"
#include "tests/sim/sim_world.h"

namespace quorumlock::sim {

class Network;
class SimProcess;
class SimServer;
class SimStream;

enum class Way : std::uint8_t { up, down };  ///< to the server, to the client

/// Something that has come for a process and is handed out in its next turn.
class Input {
  public:
    virtual void deliver() = 0;
    bool queued = false;

  protected:
    ~Input() = default;
};

class Link final : public Input {
  public:
    /// `server` null: nobody has this address. `silent`: then nobody even refuses.
    Link(Network& network, SimProcess& process, SimServer* server, std::uint32_t number,
         SimStream& stream, bool silent);
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    SimProcess& process() noexcept { return process_; }
    SimServer* server() noexcept { return server_; }
    std::uint32_t number() const noexcept { return number_; }
    int node() const noexcept;

    // ---- the client's kernel ----
    /// How many bytes more it takes.
    std::size_t room() const noexcept;
    /// How many of so many bytes it takes at once, which begin with a command of a round or not.
    std::size_t takes(std::size_t size, bool round);
    void send(std::string_view bytes, std::int64_t written);
    /// The program lets go of it; what was sent is still delivered, an end behind it.
    void client_closes();
    /// In a turn of the process: everything that has come.
    void deliver() override;
    bool has_client() const noexcept { return stream_ != nullptr; }
    /// The client has more to send than there is room for.
    void starve() noexcept { starved_ = true; }

    // ---- the server's side ----
    enum class Peer : std::uint8_t {
        none,
        backlog,  ///< connected by the kernel, not yet accepted by the server
        talking,
        gone,
    };
    Peer peer() const noexcept { return peer_; }
    void accepted(ClientId id) noexcept {
        peer_ = Peer::talking;
        client_id = id;
    }
    Pipe& up() noexcept { return up_; }
    void reply(std::string_view bytes);
    /// The server has let go of its end.
    void server_closes(Ending ending);
    /// The server's machine has lost its power: nobody is told, until somebody asks.
    void forget_server() noexcept {
        peer_ = Peer::gone;
        up_.lose_arrived();
    }
    /// The server has taken bytes out: there is room again.
    void drained();

    // ---- what can happen to it ----
    /// Something between the two ends it for both; what has not arrived is lost.
    void break_now();
    /// The client is told that it has ended; what it has sent arrives, by so much later.
    void break_for_client(Time later);
    /// What was to happen to it and has not happened yet will not.
    void spare() noexcept {
        cut_request = cut_reply = false;
        cut_client = 0;
        spoil = 0;
    }
    /// Nothing passes any more, and nobody is told.
    void go_dead();
    bool is_dead() const noexcept { return dead_; }
    /// What is sent now stands behind much that is still on its way.
    bool clogged(Time now) const noexcept;
    /// When all that was sent so far has arrived, or an instant of the past.
    Time all_arrived_at() const noexcept { return up_.last_at(); }

    ClientId client_id = 0;
    bool queued_at_server = false;
    int service = 0;          ///< Which of its process's services made it.
    int scripts = 0;          ///< Loaded so far.
    bool greeted = false;     ///< The handshake was executed.
    std::size_t asks = 0;     ///< Commands but releases, of rounds, that the server has read.
    bool subscribes = false;  ///< It is there for what the server tells unasked.
    /// Fault: the reply to the next round command, or the next push, is lost with the link.
    bool cut_reply = false;
    bool cut_request = false;  ///< Fault: the next round command is lost with the link.
    /// Fault: the next round command ends it for the client; what is on its way arrives by so much
    /// later. 0: none.
    Time cut_client = 0;
    bool cut_short = false;  ///< Of that command the client's kernel takes a part only.
    std::uint8_t spoil = 0;  ///< Fault: the next reply is replaced by this garbage (1..8).
    static constexpr std::uint8_t kOddError = 9;  ///< spoil: by an error that says nothing.
    bool round_open = false;  ///< A round command was sent, and nothing was heard since.

  private:
    enum class State : std::uint8_t { opening, open, closed };

    void on_opening();
    void on_up();
    void on_down();
    void on_gave_up();
    bool passes(Way way);
    void schedule_up();
    void schedule_down();
    void stuck(Event& event);
    void push(Pipe& pipe, Way way, std::string_view bytes, std::int64_t written);
    void tell_client();
    void close_client(const char* why);

    Network& network_;
    SimProcess& process_;
    SimServer* const server_;
    const std::uint32_t number_;
    SimStream* stream_;
    State state_ = State::opening;
    Peer peer_ = Peer::none;
    bool silent_;
    bool half_reset_ = false;
    bool dead_ = false;
    bool opened_ = false;   ///< Not told to the client yet.
    bool refused_ = false;  ///< Likewise, and the end of it.
    bool starved_ = false;  ///< The client waits for room.
    bool syn_arrived_ = false;
    const char* gave_up_ = nullptr;  ///< Why the client's kernel has ended it.
    Time retransmit_ = 0;
    Pipe up_, down_;
    MemberEvent<Link, &Link::on_opening> opening_{*this};
    MemberEvent<Link, &Link::on_up> up_event_{*this};
    MemberEvent<Link, &Link::on_down> down_event_{*this};
    MemberEvent<Link, &Link::on_gave_up> give_up_{*this};
};

}  // namespace quorumlock::sim

// The least a client can do for one acquire+release cycle on N Redis nodes: raw sockets, epoll,
// one write per node per turn, one recv per readable node, no timers, no error recovery.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/cli/bench_report.h"

namespace quorumlock::benchmarks {

struct FloorOptions {
    std::vector<std::string> nodes;  ///< host:port, redis://host:port or unix:///path
    int workers = 1;                 ///< Cycles in flight, each on a resource of its own.
    std::uint64_t cycles = 0;        ///< 0: as many as fit into `seconds`.
    double seconds = 2;
    std::uint64_t warmup = 500;  ///< Cycles before the counting starts.
    bool fence = false;          ///< Acquire by the library's script instead of by SET.
    /// The latency told is that of this many cycles in a row of one worker, as somebody waits who
    /// is that far back in a line.
    int line = 1;
};

class FloorClient {
  public:
    explicit FloorClient(FloorOptions options);
    ~FloorClient();
    FloorClient(const FloorClient&) = delete;
    FloorClient& operator=(const FloorClient&) = delete;

    /// Connects to every node and loads the script. Ends the program with one line when it
    /// cannot: there is no floor to measure then.
    void connect();
    cli::BenchReport run();

  private:
    /// Which cycle a reply is for; `turn` tells stragglers of a step already decided.
    struct Owed {
        std::uint32_t worker = 0;
        std::uint32_t turn = 0;
    };
    struct Connection {
        int fd = -1;
        std::string out;
        std::string in;
        int lines_left = 0;      ///< Of a script's reply that is an array of two numbers.
        bool granted = false;    ///< The first of them was 1.
        std::vector<Owed> ring;  ///< A queue; its size is a power of two.
        std::size_t head = 0, tail = 0;
    };
    struct Worker {
        std::string acquire_keys, release_keys;  ///< Up to where the token begins.
        std::array<char, 32> token{};
        std::uint32_t turn = 0;
        bool releasing = false;
        bool active = false;
        int yes = 0, answered = 0;
        std::vector<std::int64_t> started;  ///< Of its last `line` cycles, a ring.
        std::uint64_t begun = 0;
    };

    void start_cycle(std::uint32_t index, std::int64_t now);
    void ask_all(std::uint32_t index);
    void on_line(Connection& connection, const char* line);
    void on_reply(Connection& connection, bool yes);
    void step_done(std::uint32_t index, bool won);
    void cycle_done(std::uint32_t index, bool won);
    void receive(Connection& connection);
    void flush(Connection& connection);
    void begin_counting(std::int64_t now);

    FloorOptions options_;
    int epoll_ = -1;
    int quorum_ = 1;
    std::vector<Connection> connections_;
    std::vector<Worker> workers_;
    std::string acquire_head_, acquire_tail_, release_head_;
    std::uint64_t random_ = 0;
    int active_ = 0;
    bool counting_ = false;
    std::uint64_t finished_ = 0, begun_ = 0;
    std::int64_t deadline_ = 0, counted_from_ = 0;
    double cpu_from_ = 0;
    cli::BenchReport report_;
};

}  // namespace quorumlock::benchmarks

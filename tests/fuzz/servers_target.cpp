// A whole service over Redis servers of which a minority says anything at all, in virtual time.
// Every operation ends within its bound. Nothing is held without the honest part of a quorum: a
// lock that is held has its key on at least Q - L honest servers, L being the servers that have
// said what may be taken for a yes; and while there are none, fences grow. Rules Q1, F1, N3, N11.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <quorumlock/lock_service.h>

#include "lib/nodes/node_uri.h"
#include "lib/protocol/quorum.h"
#include "lib/service/service_state.h"
#include "lib/testing/serial_runner.h"
#include "tests/fuzz/servers.h"

namespace quorumlock::fuzz {
namespace {

using namespace std::chrono_literals;

constexpr Nanos kNodeTimeout = 50ms;
constexpr std::size_t kMostOperations = 12;

/// An operation that has to be done by a given instant.
template <class T>
struct Open {
    Operation<T> operation;
    Instant due;
    std::string resource{};
    std::uint64_t floor = 0;  ///< The largest fence that was given before it began.
};

struct Held {
    Lock lock;
    std::string resource, token;
};

class World {
  public:
    World(Input& input, std::size_t nodes) {
        for (std::size_t i = 0; i < nodes; ++i) {
            servers_.push_back(std::make_unique<Server>(env_, i));
        }
        liars_ = (nodes - 1) / 2;
        const std::size_t piece = input.below(4);
        for (auto& server : servers_) server->piece = piece == 0 ? 4096 : 3 * piece;
        env_.on_connect = [this](testing::FakeConnection& c) {
            for (const auto& each : env_.connections) {
                if (each.get() == &c) server_of(c).on_connect(each);
            }
        };
        env_.on_sent = [this](testing::FakeConnection& c) { server_of(c).on_sent(c); };
        open(input);
    }
    ~World() {
        acquires_.clear();
        verbs_.clear();
        inspections_.clear();
        held_.clear();
        locks_.reset();
        env_.advance(2s);
        state_.reset();
    }

    void run(Input& input) {
        while (!input.empty()) {
            act(input);
            env_.run();
            check();
        }
        // Nobody says anything more unasked: what is open has to end.
        while (!acquires_.empty() || !verbs_.empty() || !inspections_.empty()) {
            env_.advance(20ms);
            settle();
            check();
        }
    }

  private:
    Server& server_of(const testing::FakeConnection& connection) {
        const std::string& address = connection.to.address;
        return *servers_[static_cast<std::size_t>(address.back() - '0')];
    }
    Server& liar(Input& input) { return *servers_[liars_ == 0 ? 0 : input.below(liars_)]; }

    void open(Input& input) {
        ServiceOptions options;
        options.node_timeout = kNodeTimeout;
        options.max_ttl = 10s;
        options.max_backlog = 16;
        options.restart_guard = input.below(2) == 0 ? RestartGuard::off : RestartGuard::automatic;
        auto settings = detail::check_options(options);
        detail::ServiceState::Nodes nodes;
        const nodes::NodeOptions node_options{options.connect_timeout, options.max_backlog,
                                              options.client_name};
        for (std::size_t i = 0; i < servers_.size(); ++i) {
            auto uri = nodes::parse_node_uri("redis://10.0.0." + std::to_string(i));
            nodes.push_back(nodes::make_node(std::move(*uri), node_options, env_));
        }
        for (std::size_t lies = input.below(8); lies > 0; --lies) tell_lie(input);
        state_ = std::make_shared<detail::ServiceState>(
            std::make_unique<testing::SerialRunner>(env_), env_, nullptr, std::move(*settings),
            std::move(nodes));
        locks_.emplace(detail::make_service(state_));
        env_.run();
    }

    void tell_lie(Input& input) {
        Server& server = liar(input);
        if (liars_ > 0) server.lies.push_back(take_lie(input, server.token));
    }

    std::string name(Input& input) { return "r" + std::to_string(input.below(2)); }
    static Nanos ttl(Input& input) {
        static constexpr Nanos kTtls[] = {10ms, 300ms, 1s, 10s};
        return kTtls[input.below(std::size(kTtls))];
    }

    void act(Input& input) {
        static constexpr Nanos kTimes[] = {1us, 1ms, 10ms, 60ms, 400ms, 2s, 20s};
        switch (input.below(13)) {
            case 0:
            case 1:
                return acquire(input);
            case 2:
                return extend(input);
            case 3:
                return release(input);
            case 4:
                if (!held_.empty()) held_.erase(held_.begin() + pick(input, held_.size()));
                return;
            case 5:
                return inspect(input);
            case 6:
                return pass(kTimes[input.below(std::size(kTimes))]);
            case 7:
            case 8:
                return tell_lie(input);
            case 9: {
                Server& server = liar(input);
                if (liars_ > 0) server.say(take_reply(input, server.token));
                return;
            }
            case 10: {  // Any server may break.
                Server& server = *servers_[input.below(servers_.size())];
                server.accepts = input.below(2) == 0;
                server.close_all();
                return;
            }
            case 11:
                if (!acquires_.empty())
                    acquires_.erase(acquires_.begin() + pick(input, acquires_.size()));
                return;
            default:
                servers_[input.below(servers_.size())]->occupy(name(input), 1 + input.byte());
                return;
        }
    }

    static std::ptrdiff_t pick(Input& input, std::size_t size) {
        return static_cast<std::ptrdiff_t>(input.below(size));
    }

    void acquire(Input& input) {
        if (acquires_.size() + held_.size() >= kMostOperations) return;
        AcquireOptions options;
        options.ttl = ttl(input);
        const std::size_t how = input.byte();
        options.fence = how % 2 == 0;
        if (how / 2 % 2 == 1) options.wait = 700ms;
        // A lease of 10 ms is renewed 400 times a second: nothing is learned from the most of it.
        if (how / 4 % 2 == 1 && options.ttl >= 300ms) options.renew = true;
        const std::string resource = name(input);
        // Its connections, its wait, and a round that has begun before that with two questions.
        const Nanos bound = 1s + options.wait + 2 * kNodeTimeout;
        acquires_.push_back(
            {locks_->acquire(resource, options), env_.now() + bound, resource, fences_[resource]});
    }
    void extend(Input& input) {
        if (verbs_.size() >= kMostOperations) return;
        const Nanos time = ttl(input);
        const std::size_t which = input.byte();
        if (held_.empty()) {
            return start(locks_->extend("r0", servers_[0]->token, time));  // a liar knows it
        }
        start(held_[which % held_.size()].lock.extend(time));
    }
    void release(Input& input) {
        if (verbs_.size() >= kMostOperations) return;
        const std::size_t which = input.byte();
        // Whoever knew the token of an acquire under way could end the lock behind its handle's
        // back.
        if (held_.empty()) return start(locks_->release("r0", std::string(32, 'f')));
        start(held_[which % held_.size()].lock.release());
    }
    void start(Operation<void> operation) {
        // Behind others of the same lock, of which each has its time.
        const Nanos bound = 1s + static_cast<int>(verbs_.size() + 2) * kNodeTimeout;
        verbs_.push_back({std::move(operation), env_.now() + bound});
    }
    void inspect(Input& input) {
        if (inspections_.size() >= kMostOperations) return;
        inspections_.push_back({locks_->inspect(name(input)), env_.now() + 1s + 600ms});
    }

    void pass(Nanos time) {
        time = std::min(time, time_left_);
        time_left_ -= time;
        env_.advance(time);
        settle();
    }
    void settle() {
        for (auto& server : servers_) server->settle();
        env_.run();
    }

    void check() {
        take_acquired();
        take_done(verbs_);
        take_done(inspections_);
        std::size_t fakers = 0;
        for (const auto& server : servers_) fakers += server->can_fake ? 1 : 0;
        const std::size_t needed = servers_.size() / 2 + 1 - fakers;
        for (const Held& held : held_) {
            if (!held.lock.held()) continue;
            std::size_t votes = 0;
            for (const auto& server : servers_) {
                votes += !server->can_fake && server->holds(held.resource, held.token) ? 1 : 0;
            }
            FUZZ_CHECK(votes >= needed);
        }
    }
    bool all_honest() const {
        return std::none_of(servers_.begin(), servers_.end(),
                            [](const auto& server) { return server->can_fake; });
    }

    template <class T>
    void take_done(std::vector<Open<T>>& open) {
        for (std::size_t i = open.size(); i-- > 0;) {
            FUZZ_CHECK(open[i].operation.done() || env_.now() <= open[i].due);
            if (!open[i].operation.done()) continue;
            auto result = open[i].operation.get();
            if (!result) check_error(result.error());
            open.erase(open.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }
    void take_acquired() {
        for (std::size_t i = acquires_.size(); i-- > 0;) {
            auto& open = acquires_[i];
            FUZZ_CHECK(open.operation.done() || env_.now() <= open.due);
            if (!open.operation.done()) continue;
            auto result = open.operation.get();
            if (result) {
                FUZZ_CHECK(result->fence() < 1ULL << 53);
                if (result->fence() != 0) {
                    FUZZ_CHECK(!all_honest() || result->fence() > open.floor);
                    auto& largest = fences_[open.resource];
                    largest = std::max(largest, result->fence());
                }
                std::string token(result->token());
                held_.push_back({std::move(*result), open.resource, std::move(token)});
            } else {
                check_error(result.error());
            }
            acquires_.erase(acquires_.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }
    static void check_error(const Error& error) {
        FUZZ_CHECK(is_one_line(error.message()));
        for (const NodeReport& line : error.nodes()) {
            FUZZ_CHECK(is_one_line(line.node) && (line.cause.empty() || is_one_line(line.cause)));
            FUZZ_CHECK(line.cause.size() < 2000);
        }
    }

    testing::FakeEnv env_;
    std::vector<std::unique_ptr<Server>> servers_;
    std::size_t liars_ = 0;
    Nanos time_left_ = 45s;  ///< For the inputs that let it pass: an input is to be quick.
    std::shared_ptr<detail::ServiceState> state_;
    std::optional<LockService> locks_;
    std::vector<Open<Lock>> acquires_;
    std::vector<Open<void>> verbs_;
    std::vector<Open<Inspection>> inspections_;
    std::vector<Held> held_;
    std::map<std::string, std::uint64_t> fences_;  ///< The largest that was given.
};

}  // namespace
}  // namespace quorumlock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace quorumlock::fuzz;
    if (size > 4096) return 0;
    Input input(bytes, size);
    static constexpr std::size_t kNodes[] = {3, 5, 1, 4};
    World world(input, kNodes[input.below(4)]);
    world.run(input);
    return 0;
}

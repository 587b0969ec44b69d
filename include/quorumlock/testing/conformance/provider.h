// What a kind of node is to the conformance suite, and the fixture of the suite. Each test opens
// real services over fresh nodes and holds them to the contract that LockService gives its users.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <quorumlock/lock_service.h>
#include <quorumlock/node_loop.h>
#include <quorumlock/options.h>
#include <quorumlock/testing/conformance/support.h>

namespace quorumlock::testing {

using namespace std::chrono_literals;

/// What a kind of node cannot do, as its Node::abilities() say. The suite then asks for the plain
/// refusal in place of the deed: `unsupported`, before anything is sent.
struct Cannot {
    bool extend = false;          ///< And so no renewal either.
    bool inspect = false;         ///< ProviderWorld::holding should then look by other means.
    bool fence = false;           ///< No fencing counters; Lock::fence() is then 0.
    bool heal = false;            ///< A lost vote stays lost.
    bool transfer = false;        ///< Hands no key over: a release and an acquire take its place.
    bool any_name = false;        ///< Names must be UTF-8 without "||" (rule D1).
    bool tell_remaining = false;  ///< A refusal does not say how long the holder has left.
};

/// The stores of one test. Made before it, destroyed behind it.
class ProviderWorld {
  public:
    virtual ~ProviderWorld() = default;
    /// For LockService::open; and what stands behind them, for ServiceOptions::nodes. Both are
    /// asked again for every further service over the same stores.
    virtual std::vector<std::string> uris() { return {}; }
    virtual std::vector<nodes::NodeFactory> nodes() { return {}; }
    /// How many nodes hold the resource, seen without the service. nullopt: ask the service.
    virtual std::optional<int> holding(std::string_view /*resource*/) { return std::nullopt; }
};

struct Provider {
    std::string name;  ///< Of the test instance: letters, digits and underscores.
    std::string kind;  ///< What NodeStatus::kind says.
    int nodes = 1;
    int dead = 0;  ///< So many of them cannot be reached.
    Cannot cannot{};
    /// Two services over the same stores see each other's keys. False: the stores end with their
    /// service, as memory does.
    bool shared = true;
    /// Makes the stores of one test, empty. Null: the kind cannot be tested here, and is skipped.
    std::function<std::unique_ptr<ProviderWorld>()> world{};

    int quorum() const { return nodes / 2 + 1; }
    int live() const { return nodes - dead; }
};

inline void PrintTo(const Provider& provider, std::ostream* out) { *out << provider.name; }

/// For INSTANTIATE_TEST_SUITE_P.
inline std::string name_of(const ::testing::TestParamInfo<Provider>& info) {
    return info.param.name;
}

/// Provider::world from a function that makes fresh stores and the factories of nodes over them.
inline std::function<std::unique_ptr<ProviderWorld>()> world_of(
    std::function<std::vector<nodes::NodeFactory>()> make) {
    class World final : public ProviderWorld {
      public:
        explicit World(std::vector<nodes::NodeFactory> made) : factories_(std::move(made)) {}
        std::vector<nodes::NodeFactory> nodes() override { return factories_; }

      private:
        std::vector<nodes::NodeFactory> factories_;
    };
    return [make = std::move(make)] { return std::make_unique<World>(make()); };
}

class ProviderTest : public ::testing::TestWithParam<Provider> {
  protected:
    static constexpr auto kLongTtl = std::chrono::seconds(30);
    static constexpr auto kLongWait = std::chrono::seconds(60);
    static constexpr auto kLimit = std::chrono::seconds(60);

    void SetUp() override {
        world_ = provider().world();
        if (!world_) GTEST_SKIP() << "the provider " << provider().name << " is not here";
        service_.emplace(open());
    }

    const Provider& provider() const { return GetParam(); }
    const Cannot& cannot() const { return provider().cannot; }
    ProviderWorld& world() { return *world_; }
    LockService& service() { return *service_; }
    /// Another view of the same nodes, as another process would have it: a service of its own where
    /// the stores are shared, else the same one.
    LockService& rival() {
        if (!provider().shared) return service();
        if (!rival_) rival_.emplace(open());
        return *rival_;
    }
    /// Opens the service again with other options. Stores that are not shared start empty.
    void reopen(ServiceOptions options) {
        service_.reset();
        service_.emplace(open(std::move(options)));
    }
    ServiceOptions on_nodes(ServiceOptions options) {
        options.nodes = world().nodes();
        return options;
    }
    LockService open(ServiceOptions options = patient()) {
        return open_service(world().uris(), on_nodes(std::move(options)));
    }

    Lock must_acquire(std::string_view resource, AcquireOptions options = {}) {
        auto lock = service().acquire(resource, std::move(options)).get();
        // GoogleTest reports it and goes on with the next test.
        if (!lock) throw std::runtime_error("must_acquire: " + text_of(lock));
        return std::move(lock).value();
    }
    /// Takes the lock away behind the holder's back.
    void take_away(const Lock& lock) {
        ASSERT_TRUE(is_ok(service().release(lock.resource(), lock.token()).get()));
        ASSERT_TRUE(nothing_left(service(), lock.resource()));
    }
    /// Waits, by the lock's own clock, until its validity has ended.
    static void wait_until_not_held(const Lock& lock) {
        ASSERT_TRUE(eventually([&] { return !lock.held(); }, std::chrono::seconds(60)));
    }

    /// How many nodes hold the resource; where nobody can tell, all or none of a quorum.
    int nodes_holding(LockService& through, std::string_view resource) {
        if (const auto told = world().holding(resource)) return *told;
        if (!cannot().inspect) return testing::nodes_holding(through, resource);
        return through.try_acquire(resource).get().has_value() ? 0 : provider().quorum();
    }
    ::testing::AssertionResult nothing_left(LockService& through, std::string_view resource) {
        int holding = -1;
        if (eventually([&] { return (holding = nodes_holding(through, resource)) == 0; })) {
            return ::testing::AssertionSuccess();
        }
        return ::testing::AssertionFailure() << holding << " nodes still hold it";
    }

    /// For tests of what a kind may be unable to do: true when it can; else the plain refusals were
    /// checked, and the test is done.
    bool can_extend() {
        if (!cannot().extend) return true;
        Lock lock = must_acquire("refusals", {.ttl = kLongTtl});
        const Instant end = lock.validity_end();
        const auto extended = lock.extend(kLongTtl).get();
        EXPECT_TRUE(fails_with(Errc::unsupported, extended));
        if (extended) return false;
        EXPECT_TRUE(says(extended.error(), {provider().kind, "extend"}));
        EXPECT_TRUE(lock.held()) << "a refused call changes nothing";
        EXPECT_EQ(lock.validity_end(), end);
        EXPECT_TRUE(fails_with(Errc::unsupported,
                               service().extend("refusals", lock.token(), kLongTtl).get()));
        const auto renewed = service().acquire("r", {.ttl = kLongTtl, .renew = true}).get();
        EXPECT_TRUE(fails_with(Errc::unsupported, renewed));
        if (renewed) return false;
        EXPECT_TRUE(says(renewed.error(), {"renew", provider().kind}));
        EXPECT_EQ(nodes_holding(service(), "r"), 0) << "refused before anything is sent";
        EXPECT_TRUE(is_ok(lock.release().get()));
        return false;
    }
    bool can_inspect() {
        if (!cannot().inspect) return true;
        const auto seen = service().inspect("r").get();
        EXPECT_TRUE(fails_with(Errc::unsupported, seen));
        if (!seen) {
            EXPECT_TRUE(says(seen.error(), {provider().kind}));
        }
        return false;
    }

  private:
    std::unique_ptr<ProviderWorld> world_;
    std::optional<LockService> service_;
    std::optional<LockService> rival_;
};

}  // namespace quorumlock::testing

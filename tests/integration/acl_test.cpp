// Least privilege: a client needs what the documentation lists and nothing else; without one of it,
// doctor names what is missing, and what still works is what the documentation says.
#include <fstream>
#include <ostream>
#include <sstream>

#include "tests/integration/cli_doctor.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kPassword = "PASSWORD";  // as the page has it

/// The words of "ACL SETUSER locks ..." in the page, with its continuation lines.
std::vector<std::string> documented_acl() {
    std::ifstream page(QUORUMLOCK_OPERATIONS_PAGE);
    std::vector<std::string> words;
    for (std::string line; std::getline(page, line);) {
        if (words.empty() && !line.starts_with("ACL SETUSER")) continue;
        if (line.starts_with("```")) break;
        std::istringstream in(line);
        for (std::string word; in >> word;) words.push_back(word);
    }
    return words;
}

class Acl : public CliDoctor {
  protected:
    static constexpr int kServers = 3;

    void SetUp() override {
        servers_ = start_servers(kServers);
        ASSERT_GT(documented_acl().size(), 15U);
        for (int i = 0; i < kServers; ++i) ASSERT_EQ(server(i).command(documented_acl()), "OK");
    }
    void take_away(const std::string& permission) {
        for (int i = 0; i < kServers; ++i) {
            ASSERT_EQ(server(i).command({"ACL", "SETUSER", "locks", "-" + permission.substr(1)}),
                      "OK");
        }
    }
    std::vector<std::string> nodes() const {
        std::vector<std::string> all;
        for (const auto& one : servers_) {
            all.push_back(std::string("redis://locks:") + kPassword + "@" + one->label());
        }
        return all;
    }
    CliEnd with_nodes(std::vector<std::string> args) const {
        args.insert(args.begin(), {"--nodes", joined(nodes())});
        return cli(args);
    }
    Result<LockService> open() const { return LockService::open(nodes(), unguarded()); }
    void wait_until_ready(LockService& service) {
        EXPECT_TRUE(eventually([&] {
            const auto all = service.nodes().get();
            return all && std::all_of(all->begin(), all->end(),
                                      [](const NodeInfo& node) { return node.ready; });
        }));
    }
};

TEST_F(Acl, the_whole_client_needs_no_more_than_is_documented) {
    auto service = open();
    ASSERT_TRUE(service) << text_of(service);
    const auto met = service->nodes().get();
    ASSERT_TRUE(met) << text_of(met);
    for (const NodeInfo& node : *met) EXPECT_EQ(node.cause, "");

    // Counters that differ: one is raised.
    ASSERT_EQ(server(0).command({"SET", "quorumlock:fence:{orders:1}", "3"}), "OK");
    ASSERT_EQ(server(1).command({"SET", "quorumlock:fence:{orders:1}", "9"}), "OK");
    auto lock = service->acquire("orders:1", {.ttl = 20s}).get();
    ASSERT_TRUE(lock) << text_of(lock);
    EXPECT_GT(lock->fence(), 9U);
    auto other = open();
    ASSERT_TRUE(other);
    EXPECT_EQ(other->try_acquire("orders:1").get().error().code(), Errc::contended);
    EXPECT_EQ(other->try_acquire("orders:1", {.fence = false}).get().error().code(),
              Errc::contended);
    // A lost key is put back.
    ASSERT_EQ(server(2).command({"DEL", "orders:1"}), "1");
    EXPECT_TRUE(lock->extend(25s).get());
    EXPECT_TRUE(eventually([&] { return server(2).command({"EXISTS", "orders:1"}) == "1"; }));
    EXPECT_EQ(service->inspect("orders:1").get()->holder, lock->token());
    // Scripts go by their text.
    for (int i = 0; i < kServers; ++i) ASSERT_EQ(server(i).command({"SCRIPT", "FLUSH"}), "OK");
    // Who waits is woken.
    auto waiting = other->acquire("orders:1", {.ttl = 20s, .wait = 10s});
    EXPECT_TRUE(lock->release().get());
    auto woken = waiting.get();
    ASSERT_TRUE(woken) << text_of(woken);
    EXPECT_TRUE(woken->release().get());
    EXPECT_TRUE(clean("orders:1"));
    // Connections break: the former one is killed.
    for (int i = 0; i < kServers; ++i) {
        (void)server(i).command({"CLIENT", "KILL", "USER", "locks"});
    }
    wait_until_ready(*service);
    // A silent server is probed.
    server(0).freeze();
    // Whether the service has noticed yet that its connections broke or not: it asks again.
    auto second = service->acquire("orders:2", {.ttl = 20s, .wait = 5s, .fence = false}).get();
    EXPECT_TRUE(second) << text_of(second);
    server(0).resume();
    wait_until_ready(*service);
    EXPECT_TRUE(service->close().get());
    EXPECT_TRUE(other->close().get());
    for (const char* verb : {"inspect", "nodes"}) {
        std::vector<std::string> args{verb};
        if (args[0] == "inspect") args.emplace_back("orders:3");
        EXPECT_EQ(with_nodes(args).how, "exit code 0");
    }
    for (int i = 0; i < kServers; ++i) EXPECT_EQ(server(i).command({"ACL", "LOG"}), "");
}

TEST_F(Acl, the_channel_of_the_wake_ups) {
    for (int i = 0; i < kServers; ++i) {
        ASSERT_EQ(server(i).command({"ACL", "SETUSER", "locks", "resetchannels"}), "OK");
    }
    const CliEnd end = doctor(nodes());
    EXPECT_EQ(end.how, "exit code 0") << end.out;
    EXPECT_THAT(said(end, "rights", "note", server(0).label()),
                HasSubstr("lacks &__redis__:invalidate: waiting acquires are not woken"));
}

TEST_F(Acl, doctor_finds_the_documented_user_in_order) {
    const CliEnd end = doctor(nodes(), {"--resource", "orders:1"});
    EXPECT_EQ(end.how, "exit code 0") << end.out;
    EXPECT_THAT(complaints(end), IsEmpty());
}

struct Lack {
    std::string permission;
    std::string severity;
    int doctor;          ///< Exit codes.
    int acquire, plain;  ///< Plain: without a fencing number.
    int extend, release;
};

void PrintTo(const Lack& lack, std::ostream* out) { *out << lack.permission; }

class AclLack : public Acl, public ::testing::WithParamInterface<Lack> {};

TEST_P(AclLack, is_named_and_leaves_the_documented_lesser_mode) {
    const Lack& lack = GetParam();
    take_away(lack.permission);
    const CliEnd end = doctor(nodes());
    EXPECT_EQ(end.how, "exit code " + std::to_string(lack.doctor));
    EXPECT_THAT(said(end, "rights", lack.severity, server(0).label()),
                HasSubstr("lacks " + lack.permission + ":"));

    const CliEnd taken = with_nodes({"acquire", "orders:1", "--ttl", "20s"});
    EXPECT_EQ(taken.how, "exit code " + std::to_string(lack.acquire)) << taken.err;
    if (lack.acquire != 0) {
        EXPECT_THAT(taken.err, HasSubstr(lack.permission));
        EXPECT_THAT(taken.err, HasSubstr("quorumlock doctor names what is missing"));
    }
    const CliEnd plain = with_nodes({"acquire", "orders:2", "--ttl", "20s", "--no-fence"});
    EXPECT_EQ(plain.how, "exit code " + std::to_string(lack.plain)) << plain.err;
    if (lack.plain != 0) return;
    const std::string token = plain.json()["token"];
    EXPECT_EQ(with_nodes({"extend", "orders:2", token, "--ttl", "30s"}).how,
              "exit code " + std::to_string(lack.extend));
    EXPECT_EQ(with_nodes({"release", "orders:2", token}).how,
              "exit code " + std::to_string(lack.release));
}

/// Every permission of the page stands here: see below.
const std::vector<Lack> kLacks{
    {"+ping", "note", 0, 0, 0, 0, 0},
    {"+set", "error", 2, 69, 69, 0, 0},
    {"+get", "error", 2, 69, 0, 69, 69},
    {"+getex", "error", 2, 69, 0, 0, 0},
    {"+setrange", "error", 2, 69, 0, 0, 0},
    {"+del", "error", 2, 0, 0, 0, 69},
    {"+pttl", "error", 2, 0, 0, 69, 0},
    {"+pexpire", "error", 2, 0, 0, 69, 0},
    {"+time", "error", 2, 69, 0, 0, 0},
    {"+evalsha", "error", 2, 69, 0, 69, 69},
    {"+eval", "warning", 1, 0, 0, 0, 0},
    {"+script|load", "error", 2, 69, 69, 0, 0},
    {"+client|id", "warning", 1, 0, 0, 0, 0},
    {"+client|kill", "warning", 1, 0, 0, 0, 0},
    {"+client|setname", "note", 0, 0, 0, 0, 0},
    {"+info", "warning", 1, 0, 0, 0, 0},
    {"+client|tracking", "note", 0, 0, 0, 0, 0},
    {"+client|caching", "note", 0, 0, 0, 0, 0},
    {"+subscribe", "note", 0, 0, 0, 0, 0},
};

std::string name_of(const ::testing::TestParamInfo<Lack>& lack) {
    std::string name = lack.param.permission.substr(1);
    std::replace(name.begin(), name.end(), '|', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(, AclLack, ::testing::ValuesIn(kLacks), name_of);

TEST(AclPage, each_permission_of_it_is_tried) {
    std::vector<std::string> tried, listed;
    for (const Lack& lack : kLacks) tried.push_back(lack.permission);
    for (const std::string& word : documented_acl()) {
        if (word.starts_with('+')) listed.push_back(word);
    }
    EXPECT_THAT(tried, ::testing::UnorderedElementsAreArray(listed));
}

}  // namespace
}  // namespace quorumlock::testing

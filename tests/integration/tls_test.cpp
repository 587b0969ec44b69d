// Locks over TLS, and what is told where TLS does not come about.
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <quorumlock/observer.h>

#include "tests/integration/cli_program.h"
#include "tests/integration/tls_fixture.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/resp_client.h"

namespace quorumlock::testing {

using namespace std::chrono_literals;

namespace {

class TlsTest : public TlsServers {};

/// Notes what it is told, on any thread.
class Notices final : public Observer {
  public:
    void on_notice(const NoticeEvent& event) override {
        const std::lock_guard lock(mutex_);
        told_.emplace_back(event.resource);
    }
    std::vector<std::string> told() const {
        const std::lock_guard lock(mutex_);
        return told_;
    }

  private:
    mutable std::mutex mutex_;
    std::vector<std::string> told_;
};

}  // namespace

TEST_F(TlsTest, five_servers_hold_a_lock) {
    start(5);
    LockService service = open_service(uris());
    LockService other = open_service(uris());
    auto lock = service.acquire("r", {.ttl = 30s}).get();
    ASSERT_TRUE(is_ok(lock));
    EXPECT_GT(lock->fence(), 0U);
    EXPECT_TRUE(fails_with(Errc::contended, other.try_acquire("r").get()));
    EXPECT_TRUE(is_ok(lock->extend(30s).get()));
    EXPECT_TRUE(is_ok(lock->release().get()));
    EXPECT_TRUE(is_ok(other.try_acquire("r").get()));
    EXPECT_TRUE(empty());
    for (const auto& server : servers_) EXPECT_TRUE(info_of(service, server->label()).ready);
}

TEST_F(TlsTest, a_password_goes_over_tls_and_is_never_shown) {
    RedisOptions options;
    options.password = "hush-hush";
    options.tls = tls(files_);
    const RedisServer server(options);
    LockService service = open_service({server.uri()});
    EXPECT_TRUE(is_ok(service.try_acquire("r").get()));
    std::string wrong = server.uri();
    wrong.replace(wrong.find("hush-hush"), 9, "hush-more");
    LockService mistaken = open_service({wrong});
    const auto lock = mistaken.try_acquire("r").get();
    ASSERT_TRUE(fails_with(Errc::rejected_by_server, lock));
    EXPECT_EQ(text_of(lock).find("hush"), std::string::npos) << text_of(lock);
}

TEST_F(TlsTest, a_wrong_name_passes_by_verify_ca_and_by_sni) {
    const auto other = authority_.issue("other", {.names = "DNS:redis.example"});
    RedisServer& server = add(tls(other));
    const std::string base = "rediss://" + server.label() + "?" + ca();
    {
        LockService service = open_service({base});
        const auto lock = service.try_acquire("r").get();
        ASSERT_TRUE(fails_with(Errc::rejected_by_server, lock));
        EXPECT_TRUE(says(lock.error(), {"certificate is not for 127.0.0.1: it is for "
                                        "redis.example"}));
    }
    for (const char* by : {"&verify=ca", "&sni=redis.example", "&verify=none"}) {
        LockService service = open_service({base + by}, unguarded());
        EXPECT_TRUE(is_ok(service.try_acquire("r").get())) << by;
    }
}

TEST_F(TlsTest, the_time_of_a_certificate_counts) {
    const auto expired = authority_.issue("expired", {.from = -10, .to = -1});
    const auto early = authority_.issue("early", {.from = 1, .to = 10});
    for (const auto& [files, word] :
         {std::pair(expired, "certificate has expired"), std::pair(early, "not yet valid")}) {
        RedisServer& server = add(tls(files));
        for (const char* verify : {"", "&verify=ca"}) {
            LockService service = open_service({server.uri() + verify});
            const auto lock = service.try_acquire("r").get();
            ASSERT_TRUE(fails_with(Errc::rejected_by_server, lock));
            EXPECT_TRUE(says(lock.error(), {word}));
        }
    }
}

TEST_F(TlsTest, one_bad_certificate_of_five_costs_one_vote) {
    start(4);
    add(tls(authority_.issue("expired", {.from = -10, .to = -1})));
    LockService service = open_service(uris());
    const auto lock = service.try_acquire("r").get();
    ASSERT_TRUE(is_ok(lock));
    EXPECT_TRUE(eventually([&] { return lock->votes() == 4; }));
    const NodeInfo info = info_of(service, servers_[4]->label());
    EXPECT_NE(info.cause.find("certificate has expired"), std::string::npos) << info.cause;
}

TEST_F(TlsTest, verify_none_is_told_once) {
    RedisServer& server = add(tls(files_));
    const std::string uri = "rediss://" + server.label() + "?verify=none";
    const auto notices = std::make_shared<Notices>();
    ServiceOptions options = patient();
    options.observer = notices;
    LockService service = open_service({uri}, options);
    EXPECT_TRUE(is_ok(service.try_acquire("r").get()));
    EXPECT_TRUE(is_ok(service.try_acquire("r2").get()));
    EXPECT_TRUE(is_ok(service.close().get()));
    int told = 0;
    for (const std::string& notice : notices->told()) {
        told += notice.find("verify=none") != std::string::npos ? 1 : 0;
    }
    EXPECT_EQ(told, 1);
}

TEST_F(TlsTest, a_plain_port_is_told) {
    const auto plain = start_servers(1);
    ServiceOptions options = patient();
    options.connect_timeout = 2s;
    LockService service = open_service({"rediss://" + plain[0]->label() + "?" + ca()}, options);
    const auto lock = service.try_acquire("r").get();
    ASSERT_TRUE(fails_with(Errc::rejected_by_server, lock));
    EXPECT_TRUE(says(lock.error(), {"the server speaks plain text, not TLS; use redis://"}));
}

TEST_F(TlsTest, a_missing_client_certificate_is_told) {
    RedisTls set_up = tls(files_);
    set_up.auth_clients = true;
    RedisServer& server = add(set_up);
    {
        LockService service = open_service({server.uri()});
        const auto lock = service.try_acquire("r").get();
        ASSERT_TRUE(fails_with(Errc::rejected_by_server, lock));
        EXPECT_TRUE(says(lock.error(), {"the server wants a client certificate (cert= and key=)"}));
    }
    const auto own = authority_.issue("client");
    LockService service = open_service({server.uri() + "&cert=" + own.cert + "&key=" + own.key});
    EXPECT_TRUE(is_ok(service.try_acquire("r").get()));
}

TEST_F(TlsTest, the_system_s_authorities_do_not_know_ours) {
    RedisServer& server = add(tls(files_));
    LockService service = open_service({"rediss://" + server.label()});
    const auto lock = service.try_acquire("r").get();
    ASSERT_TRUE(fails_with(Errc::rejected_by_server, lock));
    EXPECT_TRUE(
        says(lock.error(), {"certificate is not accepted: self-signed certificate in certificate "
                            "chain (/CN=ca)"}));
}

TEST_F(TlsTest, what_is_wrong_with_files_is_known_at_open) {
    const std::string at = "rediss://127.0.0.1:7001?";
    const auto own = authority_.issue("client");
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"ca=" + dir_.file("none"), "ca: cannot read " + dir_.file("none")},
        {ca() + "&cert=" + own.key + "&key=" + own.key, "cert: " + own.key},
        {ca() + "&cert=" + own.cert + "&key=" + files_.key, "key: " + files_.key},
    };
    for (const auto& [query, why] : cases) {
        const auto service = LockService::open({at + query});
        ASSERT_TRUE(fails_with(Errc::invalid_argument, service));
        EXPECT_TRUE(says(service.error(), {"the node 127.0.0.1:7001: " + why}));
    }
}

TEST_F(TlsTest, certificates_are_exchanged_while_users_run) {
    RedisServer& server = add(tls(files_));
    LockService service = open_service(uris(), unguarded());
    ASSERT_TRUE(is_ok(service.try_acquire("r").get()));
    // The whole authority goes, the names of the files stay.
    const Authority renewed(dir_, "ca");
    const CertificateFiles fresh = renewed.issue("fresh");
    EXPECT_EQ(server.command({"CONFIG", "SET", "tls-cert-file", fresh.cert, "tls-key-file",
                              fresh.key, "tls-ca-cert-file", renewed.file()}),
              "OK");
    server.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    EXPECT_TRUE(eventually([&] { return service.try_acquire("r").get().has_value(); }));
    EXPECT_TRUE(is_ok(service.try_acquire("r").get()));
}

TEST_F(TlsTest, client_certificates_and_passwords_are_exchanged_too) {
    const auto own = authority_.issue("client");
    RedisOptions options;
    options.password = "first";
    options.tls = tls(files_);
    options.tls->auth_clients = true;
    servers_.push_back(std::make_unique<RedisServer>(options));
    RedisServer& server = *servers_.back();
    const std::string file = dir_.write("password", "first");
    LockService service =
        open_service({"rediss://" + server.label() + "?" + ca() + "&cert=" + own.cert +
                      "&key=" + own.key + "&password_file=" + file},
                     unguarded());
    ASSERT_TRUE(is_ok(service.try_acquire("r").get()));
    // The server's clients have another authority from now on, and another password.
    const Authority others(dir_, "clients");
    EXPECT_EQ(server.command({"CONFIG", "SET", "tls-ca-cert-file", others.file()}), "OK");
    EXPECT_EQ(server.command({"CONFIG", "SET", "requirepass", "second"}), "OK");
    RespClient admin(server.port());
    EXPECT_EQ(admin.command({"AUTH", "second"}), "OK");
    admin.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    EXPECT_TRUE(eventually([&] {
        return info_of(service, server.label()).cause.find("authority of our certificate") !=
               std::string::npos;
    }));
    others.issue("client");
    dir_.write("password", "second");
    EXPECT_TRUE(eventually([&] { return service.try_acquire("r").get().has_value(); }, 30s));
}

TEST_F(TlsTest, an_authority_that_comes_late_is_found) {
    const Authority renewed(dir_, "next");
    const CertificateFiles fresh = renewed.issue("fresh");
    RedisServer& server = add(tls(fresh));
    LockService service = open_service({server.uri()}, unguarded());
    const auto lock = service.try_acquire("r").get();
    ASSERT_TRUE(fails_with(Errc::rejected_by_server, lock));
    std::ifstream from(renewed.file());
    dir_.write("ca.pem", std::string(std::istreambuf_iterator<char>(from), {}));
    EXPECT_TRUE(eventually([&] { return service.try_acquire("r").get().has_value(); }, 30s));
}

TEST_F(TlsTest, a_silent_partner_costs_its_vote_and_no_more_than_the_connect_timeout) {
    start(5);
    FaultProxy proxy(servers_[2]->tls_port());
    proxy.set(Fault::silent);
    auto with_proxy = uris();
    with_proxy[2] = "rediss://" + proxy.label() + "?" + ca();
    ServiceOptions options = unguarded();
    options.connect_timeout = 300ms;
    options.restart_guard = RestartGuard::off;  // met late and young, it would be guarded
    LockService service = open_service(with_proxy, options);
    EXPECT_TRUE(is_ok(service.try_acquire("r").get()));
    const std::string why = "no answer to the connect or the TLS handshake within 300 ms";
    EXPECT_TRUE(eventually(
        [&] { return info_of(service, proxy.label()).cause.find(why) != std::string::npos; }));
    proxy.set(Fault::none);
    EXPECT_TRUE(eventually([&] { return info_of(service, proxy.label()).ready; }));
}

struct Broken {
    Fault fault;
    unsigned amount;
};
void PrintTo(const Broken& broken, std::ostream* out) {
    *out << fault_name(broken.fault) << broken.amount;
}

class BrokenTlsTest : public TlsServers, public ::testing::WithParamInterface<Broken> {};

/// In the handshake and behind it: the vote is lost, the connection comes back.
TEST_P(BrokenTlsTest, comes_back) {
    start(1);
    FaultProxy proxy(servers_[0]->tls_port());
    proxy.set(GetParam().fault, GetParam().amount);
    ServiceOptions options = unguarded();
    LockService service = open_service({"rediss://" + proxy.label() + "?" + ca()}, options);
    const auto lock = service.try_acquire("r").get();
    EXPECT_FALSE(lock.has_value());
    EXPECT_FALSE(info_of(service, proxy.label()).cause.empty());
    proxy.set(Fault::none);
    EXPECT_TRUE(eventually([&] { return service.try_acquire("r").get().has_value(); }, 30s));
    EXPECT_TRUE(empty());
}

INSTANTIATE_TEST_SUITE_P(
    Faults, BrokenTlsTest,
    ::testing::Values(Broken{Fault::garbage, 0}, Broken{Fault::reset, 0},
                      Broken{Fault::cut_reply, 1}, Broken{Fault::cut_reply, 90},
                      Broken{Fault::cut_reply, 700}, Broken{Fault::huge_reply, 0}),
    [](const auto& one) {
        return std::string(fault_name(one.param.fault)) + std::to_string(one.param.amount);
    });

TEST_F(TlsTest, bytes_that_come_one_by_one_are_enough) {
    start(1);
    FaultProxy proxy(servers_[0]->tls_port());
    proxy.set(Fault::trickle);
    LockService service = open_service({"rediss://" + proxy.label() + "?" + ca()});
    EXPECT_TRUE(is_ok(service.try_acquire("r").get()));
}

TEST_F(TlsTest, a_large_backlog_of_undos_is_worked_off) {
    start(3);
    LockService service = open_service(uris());
    ASSERT_TRUE(is_ok(service.try_acquire("r").get()));
    ASSERT_TRUE(eventually([&] { return info_of(service, servers_[2]->label()).ready; }));
    servers_[2]->freeze();
    for (int i = 0; i < 1000; ++i) {
        const std::string name = std::to_string(i) + std::string(4000, 'n');
        auto lock = service.try_acquire(name, {.ttl = 60s, .fence = false}).get();
        ASSERT_TRUE(is_ok(lock));
        ASSERT_TRUE(is_ok(lock->release().get()));
    }
    servers_[2]->resume();
    EXPECT_TRUE(eventually([&] { return info_of(service, servers_[2]->label()).backlog == 0; }));
    for (const auto& server : servers_) {
        EXPECT_TRUE(eventually([&] {
            return server->command({"EVAL", "return #redis.call('KEYS', '[0-9]*')", "0"}) == "0";
        }));
    }
    EXPECT_TRUE(info_of(service, servers_[2]->label()).ready);
}

TEST_F(TlsTest, the_command_takes_rediss) {
    start(3);
    const std::string nodes = uris()[0] + "," + uris()[1] + "," + uris()[2];
    const CliEnd run = cli({"--nodes", nodes, "run", "r", "--", "true"});
    EXPECT_EQ(run.how, "exit code 0") << run.err;
    EXPECT_EQ(run.err, "");
    const CliEnd loose =
        cli({"--nodes", "rediss://" + servers_[0]->label() + "?verify=none", "nodes"});
    EXPECT_EQ(loose.how, "exit code 0") << loose.err;
    const std::string said = "its certificate is not looked at (verify=none)";
    EXPECT_NE(loose.err.find(said), std::string::npos) << loose.err;
    EXPECT_EQ(loose.err.find(said), loose.err.rfind(said)) << "once";
    EXPECT_EQ(loose.lines_of_err(), 2U) << "and that the server has just started";
    const CliEnd bad = cli({"--nodes", "rediss://h?ca=/none/at/all", "nodes"});
    EXPECT_EQ(bad.how, "exit code 64");
    EXPECT_NE(bad.err.find("ca: cannot read /none/at/all"), std::string::npos) << bad.err;
}

}  // namespace quorumlock::testing

#include "lib/env/tls_filter.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "lib/env/random.h"
#include "lib/env/tls_context.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/env/tls_partner.h"

namespace quorumlock::env {
namespace {

using ::testing::HasSubstr;
using State = TlsFilter::State;
using Verify = TlsOptions::Verify;

/// Both ends, and the wire between them in the test's hands.
class TlsFilterTest : public ::testing::Test, private TlsFilter::Wire {
  protected:
    TlsFilterTest() {
        options.ca = authority.file();
        options.name = options.sni = "localhost";
    }

    void put(const char* bytes, std::size_t size) override { to_server.append(bytes, size); }

    void begin() {
        if (!server) server = std::make_unique<TlsServer>(options);
        if (!partner) partner = std::make_unique<TlsPartner>(files);
        ASSERT_EQ(contexts.renew(*server), "");
        begin_again();
    }
    void begin_again() {
        to_server.clear();
        pending.clear();
        partner->restart();
        TlsFilter::Wire& wire = *this;
        filter = std::make_unique<TlsFilter>(*server, method.get(), wire);
        filter->handshake();
    }
    /// As a stream would use it: what comes in pieces of the test's choice.
    void deliver(std::string_view wire) {
        while (!wire.empty()) {
            const std::string piece(wire.substr(0, next_size()));
            wire.remove_prefix(piece.size());
            pending += piece;
            filter->feed(pending);
            if (filter->state() == State::handshaking) filter->handshake();
            char plain[1000];
            while (const std::size_t got = filter->read(plain, sizeof plain)) {
                heard.append(plain, got);
            }
            pending = filter->rest();
        }
    }
    /// Until neither end has anything to say.
    void exchange() {
        for (;;) {
            std::string_view out = to_server;
            const std::string sent(out);
            to_server.clear();
            for (std::size_t at = 0; at < sent.size();) {
                const std::size_t size = std::min(next_size(), sent.size() - at);
                partner->feed(std::string_view(sent).substr(at, size));
                at += size;
            }
            const std::string back = partner->take();
            if (sent.empty() && back.empty()) return;
            deliver(back);
        }
    }
    std::size_t next_size() { return split ? split() : SIZE_MAX; }
    State shake() {
        begin();
        exchange();
        return filter->state();
    }

    testing::TempDir dir;
    testing::Authority authority{dir};
    testing::CertificateFiles files = authority.issue("server");
    TlsOptions options;
    TlsContexts contexts;
    TlsFilter::Method method = TlsFilter::make_method();
    std::unique_ptr<TlsServer> server;
    std::unique_ptr<TlsPartner> partner;
    std::unique_ptr<TlsFilter> filter;
    std::string to_server, pending, heard;
    std::function<std::size_t()> split;
};

struct Certificate {
    const char* name;
    testing::CertificateOptions issued;
    Verify verify;
    const char* wanted;
    std::vector<std::string> words;  ///< None: it is accepted.
};

void PrintTo(const Certificate& certificate, std::ostream* out) { *out << certificate.name; }

class TlsCertificateTest : public TlsFilterTest,
                           public ::testing::WithParamInterface<Certificate> {};

TEST_P(TlsCertificateTest, is_judged) {
    const Certificate& given = GetParam();
    files = authority.issue("other", given.issued);
    options.verify = given.verify;
    options.name = given.wanted;
    shake();
    EXPECT_EQ(filter->state() == State::open, given.words.empty()) << filter->why();
    for (const std::string& word : given.words) EXPECT_THAT(filter->why(), HasSubstr(word));
    EXPECT_EQ(filter->rejected(), !given.words.empty());
}

const testing::CertificateOptions kGood{};
const testing::CertificateOptions kExpired{.from = -10, .to = -1};
const testing::CertificateOptions kEarly{.from = 1, .to = 10};
const testing::CertificateOptions kOther{.names = "DNS:a.example,IP:10.1.2.3"};
const testing::CertificateOptions kNameless{.names = "", .common_name = "localhost"};
const testing::CertificateOptions kWild{.names = "DNS:*.b.example"};
const testing::CertificateOptions kV6{.names = "IP:::1"};

INSTANTIATE_TEST_SUITE_P(
    All, TlsCertificateTest,
    ::testing::Values(
        Certificate{"good", kGood, Verify::full, "localhost", {}},
        Certificate{"address", kGood, Verify::full, "127.0.0.1", {}},
        Certificate{"address_v6", kV6, Verify::full, "::1", {}},
        Certificate{"wildcard", kWild, Verify::full, "a.b.example", {}},
        Certificate{"wildcard_too_deep", kWild, Verify::full, "c.a.b.example", {"*.b.example"}},
        Certificate{
            "expired", kExpired, Verify::full, "localhost", {"has expired", "test's server"}},
        Certificate{"expired_by_chain", kExpired, Verify::chain, "localhost", {"has expired"}},
        Certificate{"expired_unseen", kExpired, Verify::none, "localhost", {}},
        Certificate{"early", kEarly, Verify::full, "localhost", {"not yet valid"}},
        Certificate{"other_name",
                    kOther,
                    Verify::full,
                    "localhost",
                    {"is not for localhost", "a.example, 10.1.2.3"}},
        Certificate{"other_address",
                    kOther,
                    Verify::full,
                    "127.0.0.1",
                    {"is not for 127.0.0.1", "10.1.2.3"}},
        Certificate{"other_name_by_chain", kOther, Verify::chain, "localhost", {}},
        Certificate{"common_name_only",
                    kNameless,
                    Verify::full,
                    "localhost",
                    {"no alternative names (SAN)"}}),
    [](const auto& one) { return std::string(one.param.name); });

TEST_F(TlsFilterTest, the_certificates_that_were_shown_are_kept_whoever_looks_at_them) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        for (const Verify verify : {Verify::full, Verify::chain, Verify::none}) {
            options.verify = verify;
            server.reset();
            partner = std::make_unique<TlsPartner>(files, TlsPartner::Options{version, {}});
            ASSERT_EQ(shake(), State::open) << filter->why();
            ASSERT_FALSE(server->certificates().empty());
            const auto first = server->certificates();
            EXPECT_EQ(first[0].subject, "/CN=a test's server");
            if (verify != Verify::none) {
                ASSERT_EQ(first.size(), 2U);
                EXPECT_EQ(first[1], file_certificates(options).ca[0]);
            }
            begin_again();  // a session that is resumed shows none
            exchange();
            ASSERT_EQ(filter->state(), State::open) << filter->why();
            EXPECT_EQ(server->certificates(), first);
        }
    }
}

TEST_F(TlsFilterTest, plain_bytes_go_both_ways) {
    ASSERT_EQ(shake(), State::open) << filter->why();
    EXPECT_TRUE(filter->write("PING\r\n"));
    exchange();
    EXPECT_EQ(partner->heard(), "PING\r\n");
    partner->say("+PONG\r\n");
    exchange();
    EXPECT_EQ(heard, "+PONG\r\n");
    EXPECT_EQ(partner->asked_name(), "localhost");
}

TEST_F(TlsFilterTest, however_the_bytes_are_split) {
    FastRandom random({1, 2, 3, 4});
    const std::vector<std::function<std::size_t()>> splits = {
        [] { return std::size_t{1}; },
        [&] { return std::size_t{1} + random.next() % 7; },
        [&] { return std::size_t{1} + random.next() % 3000; },
        [&] { return random.next() % 4 == 0 ? std::size_t{20'000} : std::size_t{1}; },
    };
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        for (const auto& one : splits) {
            split = one;
            server.reset();
            partner = std::make_unique<TlsPartner>(files, TlsPartner::Options{version, {}});
            heard.clear();
            ASSERT_EQ(shake(), State::open) << filter->why();
            std::string there, back;
            for (int i = 0; i < 20; ++i) {
                const std::string text(1 + random.next() % 9000, static_cast<char>('a' + i));
                ASSERT_TRUE(filter->write(text));
                there += text;
                partner->say(text + "!");
                back += text + "!";
                if (random.next() % 2 == 0) exchange();
            }
            exchange();
            EXPECT_EQ(partner->heard(), there);
            EXPECT_EQ(heard, back);
        }
    }
}

TEST_F(TlsFilterTest, a_bit_that_flips_on_the_way_ends_it) {
    FastRandom random({5, 6, 7, 8});
    for (int i = 0; i < 200; ++i) {
        heard.clear();
        ASSERT_EQ(shake(), State::open) << filter->why();
        partner->say("+PONG\r\n");
        std::string wire = partner->take();
        const std::size_t bit = random.next() % (8 * wire.size());
        wire[bit / 8] = static_cast<char>(wire[bit / 8] ^ (1 << (bit % 8)));
        deliver(wire);
        EXPECT_EQ(heard, "");
        // A longer length than there is waits for the rest, and then for the time limit.
        const bool length = bit / 8 == 3 || bit / 8 == 4;
        EXPECT_TRUE(filter->state() == State::failed || length) << bit;
    }
}

TEST_F(TlsFilterTest, garbage_instead_of_a_handshake_is_told) {
    FastRandom random({9, 10, 11, 12});
    for (int i = 0; i < 500; ++i) {
        begin();
        std::string garbage(1 + random.next() % 300, ' ');
        for (char& c : garbage) c = static_cast<char>(random.next());
        deliver(garbage);
        EXPECT_NE(filter->state(), State::open);
        EXPECT_EQ(filter->why().empty(), filter->state() == State::handshaking);
    }
}

TEST_F(TlsFilterTest, plain_text_is_known_for_what_it_is) {
    for (const char* said : {"-ERR unknown command\r\n", "HTTP/1.1 400 Bad Request\r\n", "$"}) {
        begin();
        deliver(said);
        EXPECT_EQ(filter->state(), State::failed);
        EXPECT_EQ(filter->why(),
                  "the server speaks plain text, not TLS; use redis:// for a plain port");
        EXPECT_TRUE(filter->rejected());
    }
    begin();
    deliver("\x01\x02");
    EXPECT_EQ(filter->why(), "what the server says is not TLS: it began with 0x01");
}

TEST_F(TlsFilterTest, an_unknown_authority_is_refused) {
    const testing::Authority other(dir, "another ca");
    options.ca = other.file();
    for (const Verify verify : {Verify::full, Verify::chain}) {
        options.verify = verify;
        server.reset();
        EXPECT_EQ(shake(), State::failed);
        EXPECT_THAT(filter->why(), HasSubstr("certificate is not accepted: unable to get local "
                                             "issuer certificate"));
        EXPECT_TRUE(filter->rejected());
    }
}

TEST_F(TlsFilterTest, a_directory_of_authorities_is_searched) {
    const std::string path = dir.file("authorities");
    ASSERT_EQ(mkdir(path.c_str(), 0700), 0);
    std::filesystem::copy(authority.file(), path);
    const auto rehash = [&] {
        testing::Process program({"openssl", "rehash", path});
        return program.wait()->code;
    };
    ASSERT_EQ(rehash(), 0);
    options.ca = path;
    EXPECT_EQ(shake(), State::open) << filter->why();
    // Another comes in beside it, and is found at the next connection.
    const testing::Authority other(dir, "another");
    partner = std::make_unique<TlsPartner>(other.issue("server"));
    EXPECT_EQ(shake(), State::failed);
    std::filesystem::copy(other.file(), path);
    ASSERT_EQ(rehash(), 0);
    EXPECT_EQ(shake(), State::open) << filter->why();
}

TEST_F(TlsFilterTest, the_client_shows_its_certificate) {
    const auto own = authority.issue("client");
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        options.cert = own.cert;
        options.key = own.key;
        server.reset();
        partner =
            std::make_unique<TlsPartner>(files, TlsPartner::Options{version, authority.file()});
        EXPECT_EQ(shake(), State::open) << filter->why();
        EXPECT_TRUE(partner->open());
        options.cert = options.key = "";
        server.reset();
        shake();
        char none[1];
        EXPECT_EQ(filter->read(none, 1), 0U);
        EXPECT_EQ(filter->state(), State::failed);
        EXPECT_THAT(filter->why(), HasSubstr("the server wants a client certificate"));
        EXPECT_TRUE(filter->rejected());
    }
}

TEST_F(TlsFilterTest, an_old_version_is_refused) {
    partner = std::make_unique<TlsPartner>(files, TlsPartner::Options{TLS1_1_VERSION, {}});
    EXPECT_EQ(shake(), State::failed);
    EXPECT_THAT(filter->why(), HasSubstr("speaks no version of TLS that we do"));
}

TEST_F(TlsFilterTest, a_session_is_resumed) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        server.reset();
        partner = std::make_unique<TlsPartner>(files, TlsPartner::Options{version, {}});
        ASSERT_EQ(shake(), State::open);
        for (std::uint64_t again = 1; again <= 3; ++again) {
            begin();
            exchange();
            ASSERT_EQ(filter->state(), State::open) << filter->why();
            EXPECT_EQ(server->counters().handshakes, 1 + again);
            EXPECT_EQ(server->counters().resumed, again);
        }
        // A server that has started anew knows nothing of it: a full handshake.
        partner = std::make_unique<TlsPartner>(files, TlsPartner::Options{version, {}});
        EXPECT_EQ(shake(), State::open) << filter->why();
        EXPECT_EQ(server->counters().resumed, 3U);
    }
}

TEST_F(TlsFilterTest, a_session_does_not_outlive_its_files) {
    ASSERT_EQ(shake(), State::open);
    const testing::Authority renewed(dir, "ca");  // written over the former one
    begin();
    exchange();
    EXPECT_EQ(filter->state(), State::failed);
    EXPECT_EQ(server->counters().resumed, 0U);
    partner = std::make_unique<TlsPartner>(renewed.issue("server"));
    EXPECT_EQ(shake(), State::open) << filter->why();
}

TEST_F(TlsFilterTest, servers_of_the_same_files_share_what_was_read) {
    ASSERT_EQ(shake(), State::open);
    TlsServer other(options);
    EXPECT_EQ(contexts.renew(other), "");
    EXPECT_EQ(other.context(), server->context());
}

TEST_F(TlsFilterTest, close_notify_is_an_end_and_no_fault) {
    ASSERT_EQ(shake(), State::open);
    partner->say("bye");
    partner->close_notify();
    exchange();
    EXPECT_EQ(heard, "bye");
    EXPECT_EQ(filter->state(), State::ended);
    EXPECT_FALSE(filter->write("more"));
}

TEST_F(TlsFilterTest, an_ended_filter_says_so_to_the_server) {
    ASSERT_EQ(shake(), State::open);
    filter->end();
    EXPECT_FALSE(to_server.empty());
    EXPECT_FALSE(filter->write("more"));
    exchange();
    EXPECT_EQ(partner->heard(), "");
}

}  // namespace
}  // namespace quorumlock::env

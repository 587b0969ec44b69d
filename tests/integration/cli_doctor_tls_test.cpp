// doctor over TLS: certificates that end soon are told before they do.
#include "tests/integration/cli_doctor.h"
#include "tests/integration/tls_fixture.h"

namespace quorumlock::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CliDoctorTls : public TlsServers, protected DoctorWords {
  protected:
    std::string of(const std::string& whose, const CliEnd& end, std::size_t node = 0) {
        const auto object = end.json();
        for (const auto& one : object["nodes"][node]["certificates"]) {
            if (one["whose"] == whose) {
                return one["subject"].get<std::string>() + " " + one["days_left"].dump();
            }
        }
        return "";
    }
};

TEST_F(CliDoctorTls, certificates_that_last_are_in_order_and_listed) {
    const auto client = authority_.issue("client", {.common_name = "me", .to = 400});
    start(2);
    add(tls(files_, "cert=" + client.cert + "&key=" + client.key + "&" + ca()));
    const CliEnd end = doctor(uris());
    EXPECT_EQ(end.how, "exit code 0") << end.out;
    EXPECT_THAT(complaints(end), IsEmpty());
    EXPECT_THAT(said(end, "certificate", "ok", servers_[0]->label()), HasSubstr("ends in 90 days"));
    EXPECT_EQ(of("server", end), "/CN=a test's server 90");
    EXPECT_EQ(of("ca", end), "/CN=ca 90");
    EXPECT_EQ(of("client", end), "");
    EXPECT_EQ(of("client", end, 2), "/CN=me 400");
    const CliEnd table = cli({"doctor", "--nodes", joined(uris())});
    EXPECT_THAT(table.out, AllOf(HasSubstr("CERTIFICATE"), HasSubstr("  90 d\n")));
}

TEST_F(CliDoctorTls, one_that_ends_soon_is_a_warning) {
    start(2);
    add(tls(authority_.issue("brief", {.common_name = "brief", .to = 12})));
    const CliEnd end = doctor(uris());
    EXPECT_EQ(end.how, "exit code 1") << end.out;
    EXPECT_THAT(complaints(end), ElementsAre("certificate " + servers_[2]->label()));
    EXPECT_THAT(said(end, "certificate", "warning", servers_[2]->label()),
                AllOf(HasSubstr("the server's certificate (/CN=brief)"), HasSubstr("in 12 days")));
    EXPECT_EQ(doctor(uris(), {"--certificate-days", "12"}).how, "exit code 0");
    EXPECT_EQ(doctor(uris(), {"--certificate-days", "91"}).how, "exit code 1");
    for (const char* days : {"-1", "3651", "soon"}) {
        EXPECT_EQ(doctor(uris(), {"--certificate-days", days}).how, "exit code 64") << days;
    }
}

TEST_F(CliDoctorTls, ours_that_ends_soon_is_a_warning_too) {
    const auto client = authority_.issue("client", {.common_name = "me", .to = 1});
    start(2);
    add(tls(files_, "cert=" + client.cert + "&key=" + client.key + "&" + ca()));
    const CliEnd end = doctor(uris());
    EXPECT_EQ(end.how, "exit code 1") << end.out;
    EXPECT_THAT(said(end, "certificate", "warning", servers_[2]->label()),
                AllOf(HasSubstr("our own certificate"), HasSubstr("in 1 day,")));
}

TEST_F(CliDoctorTls, one_that_has_expired_is_an_error_even_where_nobody_looks) {
    const auto expired = authority_.issue("expired", {.from = -10, .to = -1});
    start(3);
    add(tls(expired, "verify=none"));
    add(tls(expired, ca()));
    const CliEnd end = doctor(uris());
    EXPECT_EQ(end.how, "exit code 2") << end.out;
    EXPECT_THAT(said(end, "certificate", "error", servers_[3]->label()), HasSubstr("has expired"));
    EXPECT_THAT(said(end, "login", "error", servers_[4]->label()), HasSubstr("has expired"));
}

}  // namespace
}  // namespace quorumlock::testing

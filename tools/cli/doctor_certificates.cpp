// When the certificates of a connection end: the day before is too late to find out.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "tools/cli/doctor_findings.h"
#include "tools/cli/output.h"

namespace quorumlock::cli {
namespace {

using Whose = DoctorCertificate::Whose;

const char* shown_as(Whose whose) {
    switch (whose) {
        case Whose::server:
            return "the server's certificate";
        case Whose::authority:
            return "the server's authority";
        case Whose::client:
            return "our own certificate (cert=)";
        case Whose::ca:
            break;
    }
    return "the authority in ca=";
}

/// Files are read again at each connect, by clients and by `CONFIG SET tls-cert-file`.
const char* advice_for(Whose whose) {
    switch (whose) {
        case Whose::server:
            return "put a new certificate beside the server's key (CONFIG SET tls-cert-file)";
        case Whose::authority:
        case Whose::ca:
            return "exchange the authority in three steps: both in ca= of all clients, then the "
                   "servers' certificates, then the old one out";
        case Whose::client:
            break;
    }
    return "put a new certificate under the same file names";
}

std::string days(std::int64_t count) {
    return std::to_string(count) + (count == 1 ? " day" : " days");
}

class CertificateJudge {
  public:
    CertificateJudge(int index, const DoctorNode& node, const DoctorTerms& terms,
                     std::vector<Finding>& findings)
        : index_(index), node_(node), terms_(terms), findings_(findings) {}

    void judge() {
        const DoctorCertificate* first = nullptr;
        bool worried = false;
        for (const DoctorCertificate& one : node_.certificates) {
            worried = judge(one) || worried;
            if (first == nullptr || one.it.end < first->it.end) first = &one;
        }
        if (worried || first == nullptr) return;
        say(Severity::ok, "the first to end is " + text_of(*first) + ", " + ends(*first), "");
    }

  private:
    void say(Severity severity, std::string means, std::string advice) {
        findings_.push_back({index_, "certificate", severity, std::move(means), std::move(advice)});
    }
    static std::string text_of(const DoctorCertificate& one) {
        return std::string(shown_as(one.whose)) + " (" + one_line(one.it.subject) + ")";
    }
    std::string ends(const DoctorCertificate& one) const {
        return "which ends in " + days(days_left(one, node_)) + ", on " + date_text(one.it.end);
    }
    bool expired(const DoctorCertificate& one) const { return one.it.end < node_.wall; }

    /// While an authority is exchanged its file holds an old one and the next.
    bool another_authority() const {
        return std::any_of(node_.certificates.begin(), node_.certificates.end(),
                           [&](const DoctorCertificate& other) {
                               return other.whose == Whose::ca && !expired(other);
                           });
    }

    /// False: nothing to be done.
    bool judge(const DoctorCertificate& one) {
        if (expired(one)) {
            const std::string is = text_of(one) + " has expired on " + date_text(one.it.end);
            if (one.whose == Whose::ca && another_authority()) {
                say(Severity::note, is + "; another one in that file has not",
                    "take it out of ca= once no server's certificate is signed by it");
            } else {
                say(Severity::error, is + ": whoever looks at it ends the connection",
                    advice_for(one.whose));
            }
            return true;
        }
        if (days_left(one, node_) >= terms_.questions.certificate_days) return false;
        say(Severity::warning,
            text_of(one) + " ends in " + days(days_left(one, node_)) + ", on " +
                date_text(one.it.end) + ": connections that are made after that fail",
            advice_for(one.whose));
        return true;
    }

    const int index_;
    const DoctorNode& node_;
    const DoctorTerms& terms_;
    std::vector<Finding>& findings_;
};

}  // namespace

std::string date_text(std::chrono::seconds since_1970) {
    const std::chrono::sys_seconds at(since_1970);
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date(day);
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(at - day).count();
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02u-%02u %02d:%02d UTC", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(minutes / 60), static_cast<int>(minutes % 60));
    return text;
}

std::int64_t days_left(const DoctorCertificate& certificate, const DoctorNode& node) noexcept {
    return std::chrono::floor<std::chrono::days>(certificate.it.end - node.wall).count();
}

const char* whose_name(Whose whose) noexcept {
    switch (whose) {
        case Whose::server:
            return "server";
        case Whose::authority:
            return "authority";
        case Whose::client:
            return "client";
        case Whose::ca:
            break;
    }
    return "ca";
}

void judge_certificates(int index, const DoctorNode& node, const DoctorTerms& terms,
                        std::vector<Finding>& findings) {
    CertificateJudge(index, node, terms, findings).judge();
}

}  // namespace quorumlock::cli

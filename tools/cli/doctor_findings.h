// What `doctor` makes of the answers: findings, each with what it means and what to do. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tools/cli/doctor_ask.h"

namespace quorumlock::cli {

enum class Severity : std::uint8_t { ok, note, warning, error };
const char* severity_name(Severity severity) noexcept;

struct Finding {
    int node = -1;      ///< Index; -1: of the whole set.
    std::string check;  ///< "reach", "role", "eviction", ...
    Severity severity = Severity::ok;
    std::string means;   ///< What was found, and what follows from it. One line.
    std::string advice;  ///< What to do; empty: nothing.
};

/// What the findings depend on besides the answers.
struct DoctorTerms {
    ServiceOptions service;
    bool fence = true;  ///< False: no fencing numbers are wanted.
    DoctorQuestions questions;
};

/// Of all checks, those that found nothing included, in the order of the nodes and then of the set.
std::vector<Finding> judge(const std::vector<DoctorNode>& nodes, const DoctorTerms& terms);

/// Of one Redis server that answered (doctor_server.cpp), and of what it lets this user do
/// (doctor_rights.cpp).
void judge_server(int index, const DoctorNode& node, const DoctorTerms& terms,
                  std::vector<Finding>& findings);
void judge_rights(int index, const nodes::RedisFacts& facts, const DoctorTerms& terms,
                  std::vector<Finding>& findings);
/// When its certificates end (doctor_certificates.cpp): of one that was not reached too.
void judge_certificates(int index, const DoctorNode& node, const DoctorTerms& terms,
                        std::vector<Finding>& findings);
/// Of all of them together (doctor_set.cpp).
void judge_set(const std::vector<DoctorNode>& nodes, const DoctorTerms& terms,
               std::vector<Finding>& findings);

/// "2026-12-31 23:59 UTC".
std::string date_text(std::chrono::seconds since_1970);
/// Whole days that are left, rounded down: -1 on the day after its end.
std::int64_t days_left(const DoctorCertificate& certificate, const DoctorNode& node) noexcept;
/// "server", "authority", "client", "ca".
const char* whose_name(DoctorCertificate::Whose whose) noexcept;

Severity worst(const std::vector<Finding>& findings) noexcept;
/// How many nodes answered.
std::size_t answered(const std::vector<DoctorNode>& nodes) noexcept;

}  // namespace quorumlock::cli

// doctor: whether these nodes are fit for locks.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "tools/cli/doctor_text.h"
#include "tools/cli/output.h"
#include "tools/cli/verbs.h"

namespace quorumlock::cli {
namespace {

int exit_code_of(const std::vector<DoctorNode>& nodes, const std::vector<Finding>& findings) {
    if (answered(nodes) < quorum_of(nodes.size())) return kNoQuorum;
    switch (worst(findings)) {
        case Severity::ok:
        case Severity::note:
            return kOk;
        case Severity::warning:
            return kWarnings;
        case Severity::error:
            break;
    }
    return kErrors;
}

int run_doctor(const Context& context, const DoctorQuestions& questions) {
    if (!questions.resource.empty()) {
        auto checked = check_resource(questions.resource);
        if (!checked) return context.fail("doctor", checked.error());
    }
    auto settings = context.settings();
    if (!settings) return context.fail("doctor", settings.error());
    auto nodes = ask_all(*settings, questions);
    if (!nodes) return context.fail("doctor", nodes.error());
    const auto findings = judge(*nodes, {settings->service, context.fence, questions});
    const int code = exit_code_of(*nodes, findings);
    const bool printed = context.json
                             ? print_json(doctor_json(*nodes, findings, code))
                             : std::fputs(doctor_text(*nodes, findings).c_str(), stdout) >= 0 &&
                                   std::fflush(stdout) == 0;
    if (!printed) return context.fail("doctor", Error(Errc::closed, "stdout cannot be written"));
    return code;
}

}  // namespace

void add_doctor(CLI::App& app, Context& context) {
    auto questions = std::make_shared<DoctorQuestions>();
    CLI::App* verb = app.add_subcommand("doctor", "Whether these nodes are fit for locks, and why");
    verb->add_option("--resource", questions->resource, "try the rights on this lock's key too")
        ->type_name("NAME");
    verb->add_option("--scan-keys", questions->scan_pattern,
                     "look for keys without an end among those that match, e.g. \"orders:*\"")
        ->type_name("PATTERN");
    verb->add_option("--scan-limit", questions->scan_limit,
                     "of each server, look at about so many keys [10000]")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000'000}))
        ->type_name("N");
    verb->add_option("--certificate-days", questions->certificate_days,
                     "warn of a certificate that ends within N days, 0 .. 3650 [30]")
        ->check(CLI::Range(0, 3650))
        ->type_name("N");
    verb->footer(
        "Asks all nodes at once and changes nothing; each is waited for at most --connect-timeout "
        "an answer.\nGive --max-ttl, --restart-guard, --drift-factor as your clients have them. A "
        "table and what is not\nin order for people, one object with every check with --json. Exit "
        "codes: 0 in order (or notes);\n1 warnings; 2 errors; 69 fewer nodes than a quorum "
        "answered.");
    verb->callback([&context, questions] {
        context.action = [&context, questions] { return run_doctor(context, *questions); };
    });
}

}  // namespace quorumlock::cli

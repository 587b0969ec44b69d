// quorumlock doctor against real servers, and what tests ask of its answers.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/integration/cli_program.h"
#include "tests/integration/five_redis.h"

namespace quorumlock::testing {

class DoctorWords {
  protected:
    static CliEnd doctor(const std::vector<std::string>& nodes,
                         std::vector<std::string> flags = {}) {
        flags.insert(flags.begin(), {"doctor", "--json", "--nodes", joined(nodes)});
        return cli(flags);
    }

    /// What a check says with this severity, of this node or (empty) of the set; fails the test
    /// when it does not.
    static std::string said(const CliEnd& end, const std::string& check,
                            const std::string& severity, const std::string& label = "") {
        const auto object = end.json();
        if (object.is_object()) {
            for (const auto& finding : object["findings"]) {
                if (finding["check"] == check && finding["severity"] == severity &&
                    finding.value("node", "") == label) {
                    return finding["means"];
                }
            }
        }
        ADD_FAILURE() << "no " << severity << " of " << check << " of " << label << " in "
                      << end.out << end.err;
        return "";
    }

    /// Everything that is neither in order nor a note, as "check label".
    static std::vector<std::string> complaints(const CliEnd& end) {
        std::vector<std::string> all;
        const auto object = end.json();
        for (const auto& finding : object["findings"]) {
            if (finding["severity"] == "ok" || finding["severity"] == "note") continue;
            all.push_back(finding["check"].get<std::string>() + " " + finding.value("node", ""));
        }
        return all;
    }
};

class CliDoctor : public FiveRedis, protected DoctorWords {
  protected:
    using DoctorWords::doctor;
    CliEnd doctor() const { return doctor(uris()); }

    /// The five, with another one in the place of the last.
    std::vector<std::string> with(const std::string& uri) const {
        std::vector<std::string> all = uris();
        all.back() = uri;
        return all;
    }
};

}  // namespace quorumlock::testing

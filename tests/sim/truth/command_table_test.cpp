// The table of commands says of each what COMMAND INFO says.
#include <sstream>

#include "tests/sim/redis_command.h"
#include "tests/sim/truth/truth_fixture.h"

namespace quorumlock::sim::truth {
namespace {

struct Said {
    int arity = 0;
    unsigned flags = 0;
};

/// COMMAND INFO as lines: the name, the arity, then a flag a line up to the first number.
Said parsed(const std::string& info) {
    const std::pair<const char*, unsigned> known[] = {
        {"write", kWrite}, {"denyoom", kDenyOom}, {"noscript", kNoScript},    {"loading", kLoading},
        {"stale", kStale}, {"no_auth", kNoAuth},  {"allow_busy", kAllowBusy}, {"readonly", kReads}};
    std::istringstream lines(info);
    std::string line;
    Said said;
    std::getline(lines, line);
    std::getline(lines, line);
    said.arity = std::stoi(line);
    while (std::getline(lines, line) && line.find_first_of("0123456789@") == std::string::npos) {
        for (const auto& [name, flag] : known) {
            if (line == name) said.flags |= flag;
        }
    }
    return said;
}

using TruthTable = Truth;

TEST_F(TruthTable, every_command_takes_as_much_and_is_refused_as_the_real_one) {
    ASSERT_FALSE(command_table().empty());
    for (const CommandRow& row : command_table()) {
        const std::string info = twins.configure({"COMMAND", "INFO", std::string(row.name)});
        ASSERT_TRUE(info.starts_with(row.name)) << row.name << ": " << info;
        const Said said = parsed(info);
        EXPECT_EQ(row.arity, said.arity) << row.name;
        EXPECT_EQ(row.flags, said.flags) << row.name;
    }
}

}  // namespace
}  // namespace quorumlock::sim::truth

// The command line, understood and not carried out: wrong usage is one line (one JSON object with
// --json) and exit code 64, help is text and 0, and no address keeps its user's part. An argument
// is a line of the input.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "tests/fuzz/input.h"
#include "tools/cli/command_line.h"
#include "tools/cli/own_arguments.h"

namespace quorumlock::fuzz {
namespace {

using nlohmann::json;

void check_told(const std::string& told, bool as_json, int code) {
    FUZZ_CHECK(told.ends_with('\n'));
    const std::string line = told.substr(0, told.size() - 1);
    FUZZ_CHECK(is_one_line(line));
    if (!as_json) {
        FUZZ_CHECK(line.starts_with("quorumlock: ") && line.size() > 12);
        return;
    }
    const json object = json::parse(line, nullptr, false);
    FUZZ_CHECK(object.is_object() && object.contains("message") && object["exit_code"] == code);
}

/// What `ps` shows of these arguments.
void check_hidden(const std::vector<std::string>& arguments) {
    std::vector<std::string> kept = arguments;
    kept.insert(kept.begin(), "quorumlock");
    std::vector<char*> argv;
    for (std::string& each : kept) argv.push_back(each.data());
    cli::hide_user_info(static_cast<int>(argv.size()), argv.data());
    for (const char* const each : argv) {
        const std::string shown(each);
        for (auto at = shown.find("://"); at != shown.npos; at = shown.find("://", at)) {
            at += 3;
            const std::string part = shown.substr(at, shown.find(',', at) - at);
            const auto sign = part.rfind('@');
            FUZZ_CHECK(sign == part.npos ||
                       part.substr(0, sign).find_first_not_of('*') == part.npos);
        }
    }
}

void check_settings(cli::Context& context, std::string& told) {
    context.config_file.clear();  // any file of the machine
    const auto settings = context.settings();
    if (settings) {
        FUZZ_CHECK(!settings->nodes.empty());
        return;
    }
    told.clear();
    FUZZ_CHECK(context.fail("verb", settings.error()) == cli::kUsage);
    check_told(told, context.json, cli::kUsage);
}

}  // namespace
}  // namespace quorumlock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace quorumlock;
    fuzz::Input input(bytes, size);
    std::vector<std::string> arguments;
    while (!input.empty()) {
        const std::string_view line = input.line();
        arguments.emplace_back(line.substr(0, line.find('\0')));  // as the kernel hands them over
    }
    fuzz::check_hidden(arguments);

    std::string told;
    cli::Context context;
    context.tell = [&told](const std::string& text) { told += text; };
    std::ostringstream out;
    cli::CommandLine line(context);
    const auto code = line.understand(arguments, out);
    if (!code) {
        FUZZ_CHECK(context.action && told.empty() && out.str().empty());
        fuzz::check_settings(context, told);
    } else if (*code == cli::kOk) {
        FUZZ_CHECK(told.empty() && !out.str().empty());
    } else {
        FUZZ_CHECK(*code == cli::kUsage && out.str().empty());
        fuzz::check_told(told, context.json, *code);
    }
    return 0;
}

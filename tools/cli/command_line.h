// Understands a command line; nothing is done yet, and nothing outside is touched.
#pragma once

#include <CLI/CLI.hpp>

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "tools/cli/context.h"

namespace quorumlock::cli {

class CommandLine {
  public:
    /// `context` is filled by understand() and must outlive this.
    explicit CommandLine(Context& context);

    /// All arguments but the program's name. Nothing: context.action is what to do. Else that is
    /// all, with this exit code: help was written to `out`, or what is wrong told to the context.
    std::optional<int> understand(std::vector<std::string> arguments, std::ostream& out);

  private:
    Context& context_;
    CLI::App app_;
};

}  // namespace quorumlock::cli

// quorumlock bench: how fast these nodes give and take locks.
#pragma once

namespace CLI {
class App;
}

namespace quorumlock::cli {

class Context;

/// Adds the verb to the top-level command.
void add_bench(CLI::App& app, Context& context);

}  // namespace quorumlock::cli

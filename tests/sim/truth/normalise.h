// Takes out of two replies what must differ between two servers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace quorumlock::sim::truth {

/// Which connection has which number on one side.
using Ids = std::map<std::int64_t, int>;

/// Are these replies to `words` the same but for what must differ? They are changed to show it.
bool same(const std::vector<std::string>& words, std::string& real, const Ids& real_ids,
          std::string& sim, const Ids& sim_ids);

}  // namespace quorumlock::sim::truth

// Which nodes an example uses: those of QUORUMLOCK_NODES ("redis://127.0.0.1:7101,redis://..."),
// else one inside this process.
#pragma once

#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

inline std::vector<std::string> node_uris() {
    const char* list = std::getenv("QUORUMLOCK_NODES");
    if (list == nullptr || *list == '\0') return {"memory:"};
    std::vector<std::string> uris;
    std::istringstream text(list);
    for (std::string uri; std::getline(text, uri, ',');) uris.push_back(uri);
    return uris;
}

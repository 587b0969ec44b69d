#include "tools/cli/own_arguments.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace quorumlock::cli {
namespace {

/// In place: what is shorter then is filled with NULs, which show as nothing.
void hide(char* argument) noexcept {
    const std::size_t size = std::strlen(argument);
    std::string_view text(argument, size);
    for (std::size_t at = text.find("://"); at != text.npos; at = text.find("://", at)) {
        at += 3;
        // A comma ends a URI of a list; it cannot stand in one.
        const std::size_t sign = text.substr(0, text.find(',', at)).rfind('@');
        if (sign == text.npos || sign <= at) continue;
        const std::size_t stars = std::min<std::size_t>(3, sign - at);
        std::fill_n(argument + at, stars, '*');
        std::memmove(argument + at + stars, argument + sign, text.size() - sign);
        const std::size_t kept = text.size() - (sign - at - stars);
        std::fill(argument + kept, argument + text.size(), '\0');
        text = std::string_view(argument, kept);
    }
}

}  // namespace

void hide_user_info(int argc, char** argv) noexcept {
    for (int i = 1; i < argc; ++i) hide(argv[i]);
}

}  // namespace quorumlock::cli

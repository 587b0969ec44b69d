#include "lib/base/utf8.h"

#include <cstddef>

namespace quorumlock {

bool is_utf8(std::string_view bytes) noexcept {
    for (std::size_t i = 0; i < bytes.size();) {
        const auto first = static_cast<unsigned char>(bytes[i++]);
        if (first < 0x80) continue;
        if (first < 0xc2 || first > 0xf4) return false;
        const int more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
        // Only the second byte has bounds of its own.
        unsigned char least = 0x80, most = 0xbf;
        if (first == 0xe0) least = 0xa0;
        if (first == 0xed) most = 0x9f;
        if (first == 0xf0) least = 0x90;
        if (first == 0xf4) most = 0x8f;
        for (int n = 0; n < more; ++n, ++i) {
            if (i >= bytes.size()) return false;
            const auto byte = static_cast<unsigned char>(bytes[i]);
            if (byte < least || byte > most) return false;
            least = 0x80;
            most = 0xbf;
        }
    }
    return true;
}

}  // namespace quorumlock

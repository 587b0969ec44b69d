#include "tests/sim/redis_sha1.h"

#include <openssl/evp.h>

#include "lib/base/check.h"

namespace quorumlock::sim {

std::string sha1_hex(std::string_view bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    QL_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha1(), nullptr) == 1);
    std::string hex;
    for (unsigned int i = 0; i < size; ++i) {
        hex.push_back(kDigits[digest[i] >> 4]);
        hex.push_back(kDigits[digest[i] & 0x0f]);
    }
    return hex;
}

}  // namespace quorumlock::sim

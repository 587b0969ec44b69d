#include "lib/env/random_pool.h"

#include <cstring>

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/mman.h>

namespace quorumlock::env {

struct RandomPool::Page {
    std::size_t left;  ///< A wiped page says that nothing is left.
    std::uint8_t bytes[4096 - sizeof(std::size_t)];
};

namespace {
bool draw(std::span<std::uint8_t> out) noexcept {
    return RAND_bytes(out.data(), static_cast<int>(out.size())) == 1;
}
}  // namespace

RandomPool::RandomPool() noexcept {
    void* const memory =
        mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    if (madvise(memory, sizeof(Page), MADV_WIPEONFORK) == 0) {
        page_ = static_cast<Page*>(memory);
    } else {
        munmap(memory, sizeof(Page));
    }
}

RandomPool::~RandomPool() {
    if (page_ == nullptr) return;
    OPENSSL_cleanse(page_, sizeof(Page));
    munmap(page_, sizeof(Page));
}

bool RandomPool::fill(std::span<std::uint8_t> out) noexcept {
    if (out.empty()) return true;
    if (page_ == nullptr || out.size() > sizeof page_->bytes) return draw(out);
    if (page_->left < out.size()) {
        page_->left = 0;
        if (!draw(page_->bytes)) return false;
        page_->left = sizeof page_->bytes;
    }
    std::uint8_t* const from = page_->bytes + (page_->left - out.size());
    std::memcpy(out.data(), from, out.size());
    OPENSSL_cleanse(from, out.size());
    page_->left -= out.size();
    return true;
}

}  // namespace quorumlock::env

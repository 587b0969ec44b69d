// Tells a forked child from the process that opened the service, without a global variable and
// without a system call per question: the kernel wipes the page in every child.
#pragma once

#include <sys/mman.h>

namespace quorumlock::env {

class ForkGuard {
  public:
    ForkGuard() {
        void* page =
            mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED) return;
        page_ = static_cast<unsigned char*>(page);
        *page_ = 1;
        madvise(page, kSize, MADV_WIPEONFORK);
    }
    ForkGuard(const ForkGuard&) = delete;
    ForkGuard& operator=(const ForkGuard&) = delete;
    ~ForkGuard() {
        if (page_ != nullptr) munmap(page_, kSize);
    }

    bool forked() const noexcept { return page_ != nullptr && *page_ == 0; }

  private:
    static constexpr unsigned long kSize = 4096;
    unsigned char* page_ = nullptr;
};

}  // namespace quorumlock::env

// Cryptographic random bytes in small portions. One RAND_bytes call costs the same for 16 bytes
// as for some hundred, and every lock takes 16: so they are drawn in advance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace quorumlock::env {

/// Bytes wait in a page that the kernel wipes in a forked child, so parent and child never hand
/// out the same ones; each byte is erased as it is handed out. Where the kernel cannot wipe,
/// nothing is drawn in advance.
class RandomPool {
  public:
    RandomPool() noexcept;
    RandomPool(const RandomPool&) = delete;
    RandomPool& operator=(const RandomPool&) = delete;
    ~RandomPool();

    /// False when the generator failed; `out` is then not to be used.
    bool fill(std::span<std::uint8_t> out) noexcept;

  private:
    struct Page;
    Page* page_ = nullptr;  ///< Null: draw each time.
};

}  // namespace quorumlock::env

// Preloaded into a server, shows it a wall clock that is off (CLOCK_SHIFT_S, seconds), runs at
// another speed (CLOCK_SPEED), or jumps while the server runs: CLOCK_SHIFT_FILE names a file with
// one 64-bit integer, the seconds by which it is off now. Servers read theirs by gettimeofday.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>

namespace {

double number(const char* name, double otherwise) {
    const char* text = std::getenv(name);
    return text != nullptr ? std::atof(text) : otherwise;
}

/// Null where there is none.
const volatile long long* shift_file() {
    const char* path = std::getenv("CLOCK_SHIFT_FILE");
    const int file = path != nullptr ? ::open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return nullptr;
    void* const at = ::mmap(nullptr, sizeof(long long), PROT_READ, MAP_SHARED, file, 0);
    ::close(file);
    return at != MAP_FAILED ? static_cast<const volatile long long*>(at) : nullptr;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int gettimeofday(timeval* now, void* zone) {
    static const double shift = number("CLOCK_SHIFT_S", 0), speed = number("CLOCK_SPEED", 1);
    const long result = ::syscall(SYS_gettimeofday, now, zone);
    if (result != 0) return static_cast<int>(result);
    long long us = now->tv_sec * 1'000'000LL + now->tv_usec;
    static const long long start = us;
    us += static_cast<long long>(shift * 1e6 + static_cast<double>(us - start) * (speed - 1));
    static const volatile long long* const jumps = shift_file();
    if (jumps != nullptr) us += *jumps * 1'000'000;
    now->tv_sec = static_cast<time_t>(us / 1'000'000);
    now->tv_usec = static_cast<suseconds_t>(us % 1'000'000);
    return 0;
}

// What the fence examples share: a holder that is stopped for longer than its lease, and writes all
// the same. What differs is how the resource refuses it.
//
//     fence_sqlite                              both holders in this process
//     fence_sqlite document.db "by me" 30000    one of them: holds for 30 s at most, and writes
//     when
//                                               a line comes on its standard input
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>

#include <quorumlock/lock_service.h>

#include "nodes.h"

enum class Written { yes, refused, failed };

/// Checks the fence and writes, as one step.
using Write = std::function<Written(const std::string& text, std::uint64_t fence)>;

inline int say(const char* who, Written written) {
    const char* const words = written == Written::yes       ? "written"
                              : written == Written::refused ? "refused: a later holder was here"
                                                            : "failed";
    std::printf("%s: %s\n", who, words);
    return written == Written::yes ? 0 : written == Written::refused ? 3 : 1;
}

inline int both_writers(quorumlock::LockService& service, const Write& write) {
    using namespace std::chrono_literals;
    auto slow = service.acquire("document:7", {.ttl = 100ms, .wait = 10s}).get();
    if (!slow) return std::puts(slow.error().to_string().c_str()), 1;
    // ... it reads the document, and is then stopped for longer than its lease: a full disk, a
    // debugger, a machine that was suspended. Meanwhile another gets the lock, and works.
    auto quick = service.acquire("document:7", {.ttl = 30s, .wait = 10s}).get();
    if (!quick) return std::puts(quick.error().to_string().c_str()), 1;
    const int second = say("the second holder", write("by the second", quick->fence()));

    // The first goes on where it stopped. No look at held() would do: it may be stopped behind it.
    const int first = say("the first holder", write("by the first", slow->fence()));

    const int again = say("the second holder", write("by the second, again", quick->fence()));
    return second == 0 && first == 3 && again == 0 ? 0 : 1;
}

inline int one_writer(quorumlock::LockService& service, const Write& write, const std::string& text,
                      std::chrono::milliseconds ttl) {
    using namespace std::chrono_literals;
    auto lock = service.acquire("document:7", {.ttl = ttl, .wait = 30s}).get();
    if (!lock) return std::puts(lock.error().to_string().c_str()), 1;
    std::printf("holding, fence %llu\n", static_cast<unsigned long long>(lock->fence()));
    std::fflush(stdout);
    std::string line;
    std::getline(std::cin, line);  // its work; here it may be stopped
    return say("this holder", write(text, lock->fence()));
}

/// main() of such an example, behind the argument that says where its resource is.
inline int late_writer(int argc, char** argv, const Write& write) {
    auto service = quorumlock::LockService::open(node_uris());
    if (!service) return std::puts(service.error().to_string().c_str()), 1;
    if (argc < 4) return both_writers(*service, write);
    return one_writer(*service, write, argv[2], std::chrono::milliseconds(std::atol(argv[3])));
}

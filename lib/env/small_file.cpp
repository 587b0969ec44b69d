#include "lib/env/small_file.h"

#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/env/socket.h"

namespace quorumlock::env {

namespace {

FileContent refused(const std::string& path, const std::string& why) {
    return {.ok = false, .bytes = {}, .why = "cannot read " + path + ": " + why};
}

FileContent read_open_file(int fd, const std::string& path, std::size_t limit) {
    struct stat status {};
    if (fstat(fd, &status) != 0) return refused(path, error_words(errno));
    if (!S_ISREG(status.st_mode)) return refused(path, "not a regular file");
    FileContent content;
    content.bytes.resize(limit + 1);
    std::size_t size = 0;
    while (size < content.bytes.size()) {
        const ssize_t got = read(fd, content.bytes.data() + size, content.bytes.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return refused(path, error_words(errno));
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    if (size > limit) {
        return refused(path, "larger than " + std::to_string(limit) + " bytes");
    }
    content.bytes.resize(size);
    content.ok = true;
    return content;
}

}  // namespace

FileContent read_small_file(const std::string& path, std::size_t limit) {
    // Non-blocking: opening a pipe must not hold the loop until it is found to be no file.
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return refused(path, error_words(errno));
    FileContent content = read_open_file(fd, path, limit);
    close(fd);
    return content;
}

FileContent read_variable(const std::string& name) {
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr) {
        return {.ok = false, .bytes = {}, .why = "environment variable " + name + " is not set"};
    }
    return {.ok = true, .bytes = value, .why = {}};
}

}  // namespace quorumlock::env

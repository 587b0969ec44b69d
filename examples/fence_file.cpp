// A file that refuses writers whose lock has ended without their knowing. Its first line is the
// largest fence it has seen; flock makes one step of check and write, on one machine and where the
// file system is shared with its locks (NFS 4).
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

#include "late_writer.h"

namespace {

class Descriptor {
  public:
    Descriptor(const std::string& path, int flags)
        : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    operator int() const { return fd_; }

  private:
    const int fd_;
};

/// The new content under another name first, then the name: who reads or crashes meanwhile sees the
/// old file or the new one, and never a fence without its text.
bool replace(const std::string& path, const std::string& content) {
    const std::string fresh = path + ".new";
    {
        const Descriptor file(fresh, O_WRONLY | O_CREAT | O_TRUNC);
        const auto size = static_cast<ssize_t>(content.size());
        if (file < 0 || ::write(file, content.data(), content.size()) != size) return false;
        if (::fsync(file) != 0) return false;
    }
    return ::rename(fresh.c_str(), path.c_str()) == 0;
}

Written write(const std::string& path, const std::string& text, std::uint64_t fence) {
    if (fence == 0) return Written::failed;  // these nodes give none
    // A file of its own: the one that is replaced is another file after that.
    const Descriptor guard(path + ".lock", O_RDWR | O_CREAT);
    if (guard < 0 || ::flock(guard, LOCK_EX) != 0) return Written::failed;
    std::uint64_t seen = 0;
    std::ifstream(path) >> seen;  // 0 where there is no file yet
    if (seen > fence) return Written::refused;
    return replace(path, std::to_string(fence) + "\n" + text + "\n") ? Written::yes
                                                                     : Written::failed;
}

}  // namespace

// WHERE is the file.
int main(int argc, char** argv) {
    std::string path = argc > 1 ? argv[1] : "/tmp/quorumlock-XXXXXX";
    if (argc <= 1) {  // of this run alone
        const int made = ::mkostemp(path.data(), O_CLOEXEC);
        if (made < 0) return std::puts("no file"), 1;
        ::close(made);
    }
    const int code = late_writer(argc, argv, [&](const std::string& text, std::uint64_t fence) {
        return write(path, text, fence);
    });
    if (argc <= 1) ::unlink(path.c_str()), ::unlink((path + ".lock").c_str());
    return code;
}

// A holder that is really stopped past its lease: what it writes when it goes on is refused by the
// resource, for each kind of resource that the examples show. Rules F1 and F2.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <sstream>

#include "tests/integration/cli_program.h"
#include "tests/integration/five_redis.h"

#ifdef QUORUMLOCK_EXAMPLES
namespace quorumlock::testing {

using namespace std::chrono_literals;

namespace {

/// A resource, in a server and a directory of the test, and the example that writes to it.
struct Resource {
    std::string program;
    std::function<std::string(const TempDir&, const RedisServer&)> where;
    std::function<bool(const std::string& where, const RedisServer&, const std::string&)> has;
};

void PrintTo(const Resource& resource, std::ostream* out) { *out << resource.program; }

std::string in_directory(const TempDir& dir, const RedisServer&) { return dir.file("document"); }
std::string on_server(const TempDir&, const RedisServer& data) {
    return std::to_string(data.port());
}

bool file_has(const std::string& where, const RedisServer&, const std::string& text) {
    std::ifstream in(where, std::ios::binary);
    std::ostringstream all;
    all << in.rdbuf();
    return all.str().find(text) != std::string::npos;
}
bool key_has(const std::string&, const RedisServer& data, const std::string& text) {
    return data.command({"HGET", "document:7:data", "text"}) == text;
}

/// An end of a FIFO whose other end is the standard input of a process.
class Line {
  public:
    explicit Line(std::string path) : path_(std::move(path)) {
        EXPECT_EQ(::mkfifo(path_.c_str(), 0600), 0);
        fd_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);  // waits for nobody
    }
    ~Line() { ::close(fd_); }
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;
    const std::string& path() const { return path_; }
    void say() { EXPECT_EQ(::write(fd_, "\n", 1), 1); }

  private:
    std::string path_;
    int fd_ = -1;
};

class StaleWriter : public ::testing::TestWithParam<Resource> {
  protected:
    ProcessOptions reads(const Line& line) const {
        ProcessOptions options = cli_options({{"QUORUMLOCK_NODES", joined(uris_of(servers_))}});
        options.input_path = line.path();
        return options;
    }
    std::vector<std::string> writer(const std::string& text, const std::string& ttl_ms) const {
        return {std::string(QUORUMLOCK_EXAMPLES) + "/" + GetParam().program, where_, text, ttl_ms};
    }
    bool resource_has(const std::string& text) const { return GetParam().has(where_, data_, text); }

    const TempDir dir_;
    const RedisServer data_;
    const std::vector<std::unique_ptr<RedisServer>> servers_ = start_servers(3);
    const std::string where_ = GetParam().where(dir_, data_);
};

/// Returns when it has really stopped.
void stop(Process& process) {
    process.signal(SIGSTOP);
    ::siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(process.pid()), &info, WSTOPPED | WEXITED | WNOWAIT);
}

}  // namespace

TEST_P(StaleWriter, stopped_past_its_lease_is_refused_when_it_goes_on) {
    if (::access(writer("", "")[0].c_str(), X_OK) != 0) GTEST_SKIP() << "not built";
    Line first_line(dir_.file("first")), second_line(dir_.file("second"));
    Process first(writer("by the first", "500"), reads(first_line));
    ASSERT_TRUE(first.wait_for_out("holding, fence ")) << first.out();
    stop(first);

    // It gets the lock when the first one's lease is over, and not before.
    Process second(writer("by the second", "30000"), reads(second_line));
    second_line.say();
    EXPECT_EQ(end_of(second).how, "exit code 0");
    EXPECT_NE(second.out().find("this holder: written"), std::string::npos) << second.out();
    ASSERT_TRUE(resource_has("by the second"));

    first_line.say();
    first.signal(SIGCONT);
    EXPECT_EQ(end_of(first).how, "exit code 3");
    EXPECT_NE(first.out().find("this holder: refused: a later holder was here"), std::string::npos)
        << first.out();
    EXPECT_TRUE(resource_has("by the second"));
    EXPECT_FALSE(resource_has("by the first"));
}

INSTANTIATE_TEST_SUITE_P(Of, StaleWriter,
                         ::testing::Values(Resource{"fence_sqlite", in_directory, file_has},
                                           Resource{"fence_redis_key", on_server, key_has},
                                           Resource{"fence_file", in_directory, file_has}),
                         [](const auto& tested) { return tested.param.program; });

}  // namespace quorumlock::testing
#endif  // QUORUMLOCK_EXAMPLES

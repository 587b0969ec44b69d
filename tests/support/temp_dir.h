// A directory of a test's own, removed with everything in it.
#pragma once

#include <string>
#include <string_view>

namespace quorumlock::testing {

class TempDir {
  public:
    TempDir();
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    const std::string& path() const noexcept { return path_; }
    std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
    /// Writes a file into it and answers its path.
    std::string write(std::string_view name, std::string_view content) const;

  private:
    std::string path_;
};

}  // namespace quorumlock::testing

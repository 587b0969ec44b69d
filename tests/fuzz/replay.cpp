// Gives a fuzz target the inputs that were kept, without a fuzzer: any compiler, every run.
// usage: fuzz_TARGET_replay FILE|FOLDER...      a finding ends it; its last line names the input
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/input.h"

namespace {

using std::filesystem::path;

std::vector<path> files_of(const path& name) {
    std::vector<path> files;
    if (!std::filesystem::is_directory(name)) return {name};
    for (const auto& entry : std::filesystem::recursive_directory_iterator(name)) {
        if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

bool replay(const path& name) {
    std::ifstream file(name, std::ios::binary);
    if (!file.is_open()) return false;
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    // Copied to where nothing lies behind it, so that a sanitizer sees a step too far.
    const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());
    std::fprintf(stderr, "%s\n", name.c_str());
    return LLVMFuzzerTestOneInput(exact.data(), exact.size()) == 0;
}

}  // namespace

int main(int argc, char** argv) {
    std::size_t count = 0;
    for (int i = 1; i < argc; ++i) {
        for (const path& name : files_of(argv[i])) {
            if (!replay(name)) {
                std::fprintf(stderr, "cannot read %s\n", name.c_str());
                return 1;
            }
            ++count;
        }
    }
    std::printf("%zu inputs\n", count);
    return count > 0 ? 0 : 1;
}

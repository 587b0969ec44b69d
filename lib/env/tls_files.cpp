#include "lib/env/tls_files.h"

#include <cstdlib>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include "lib/env/small_file.h"

namespace quorumlock::env {

namespace {

/// The certificates of all public authorities are some 220 KiB.
constexpr std::size_t kMostBytes = 4 * 1024 * 1024;

std::string digest(std::string_view bytes) {
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), hash, &size, EVP_sha256(), nullptr) != 1) return {};
    return {reinterpret_cast<const char*>(hash), size};
}

/// What changes when a file is written or replaced.
std::string state_of(const std::string& path) {
    struct stat s {};
    if (stat(path.c_str(), &s) != 0) return "none";
    return std::to_string(s.st_ino) + "," + std::to_string(s.st_size) + "," +
           std::to_string(s.st_mtim.tv_sec) + "," + std::to_string(s.st_mtim.tv_nsec);
}

/// As OpenSSL looks certificates up in a directory: eight hex digits, a dot, a number.
bool is_hashed_name(std::string_view name) {
    return name.size() > 9 && name[8] == '.' &&
           name.substr(0, 8).find_first_not_of("0123456789abcdef") == name.npos &&
           name.substr(9).find_first_not_of("0123456789") == name.npos;
}

/// False: it cannot be read. `state` is empty where no certificate is in it.
bool list_directory(const std::string& path, std::string& state) {
    std::error_code error;
    std::set<std::string> names;
    for (std::filesystem::directory_iterator at(path, error), end; !error && at != end;
         at.increment(error)) {
        std::string name = at->path().filename().string();
        if (is_hashed_name(name)) names.insert(std::move(name));
    }
    for (const std::string& name : names) state += name + "=" + state_of(path + "/" + name) + ";";
    return !error;
}

std::string place(const char* variable, const char* standard) {
    const char* const set = std::getenv(variable);
    return set != nullptr ? set : standard;
}

std::string system_state() {
    return state_of(place(X509_get_default_cert_file_env(), X509_get_default_cert_file())) + ";" +
           state_of(place(X509_get_default_cert_dir_env(), X509_get_default_cert_dir()));
}

std::string read(const char* option, const std::string& path, std::string& bytes) {
    FileContent content = read_small_file(path, kMostBytes);
    if (!content.ok) return std::string(option) + ": " + content.why;
    bytes = std::move(content.bytes);
    return {};
}

std::string read_authorities(const TlsOptions& options, TlsFiles& files, std::string& state) {
    std::error_code error;
    if (options.ca.empty()) {
        state = system_state();
        return {};
    }
    if (!std::filesystem::is_directory(options.ca, error)) return read("ca", options.ca, files.ca);
    files.ca_directory = true;
    if (!list_directory(options.ca, state)) return "ca: cannot read the directory " + options.ca;
    if (!state.empty()) return {};
    return "ca: the directory " + options.ca +
           " has no certificate under a hashed name; run: openssl rehash " + options.ca;
}

}  // namespace

TlsFiles::~TlsFiles() { OPENSSL_cleanse(key.data(), key.size()); }

std::string read_tls_files(const TlsOptions& options, TlsFiles& files) {
    std::string state;
    if (std::string why = read_authorities(options, files, state); !why.empty()) return why;
    if (!options.cert.empty()) {
        if (std::string why = read("cert", options.cert, files.cert); !why.empty()) return why;
        if (std::string why = read("key", options.key, files.key); !why.empty()) return why;
    }
    files.fingerprint = options.ca + '\n' + options.cert + '\n' + options.key + '\n' + state +
                        digest(files.ca) + digest(files.cert) + digest(files.key);
    return {};
}

}  // namespace quorumlock::env

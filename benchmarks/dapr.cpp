// lock + unlock through a Dapr sidecar: our blocking calls beside the same two requests by libcurl
// alone over a kept connection. 7 runs of each, taking turns; what is told is the median of their
// p50s.
//
// usage: quorumlock_dapr PORT STORE [CYCLES]     a sidecar on 127.0.0.1; prints one JSON object
#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <quorumlock/lock_service.h>

namespace {

using namespace quorumlock;
using Clock = std::chrono::steady_clock;

constexpr int kRuns = 7;

double middle(std::vector<double> values) {
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

/// The p50 of so many cycles in us; nullopt when one failed.
template <class F>
std::optional<double> p50_of(int cycles, F&& cycle) {
    std::vector<double> took;
    took.reserve(static_cast<std::size_t>(cycles));
    for (int i = 0; i < cycles; ++i) {
        const auto start = Clock::now();
        if (!cycle()) return std::nullopt;
        took.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
    }
    return middle(std::move(took));
}

/// The floor: one easy handle, which keeps its connection.
class Floor {
  public:
    Floor(const std::string& port, const std::string& store)
        : base_("http://127.0.0.1:" + port + "/v1.0-alpha1/"), store_(store) {
        headers_ = curl_slist_append(nullptr, "Content-Type: application/json");
        curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
        curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Floor::on_body);
        curl_easy_setopt(easy_, CURLOPT_WRITEDATA, &said_);
        curl_easy_setopt(easy_, CURLOPT_PROXY, "");
    }
    ~Floor() {
        curl_easy_cleanup(easy_);
        curl_slist_free_all(headers_);
    }
    Floor(const Floor&) = delete;
    Floor& operator=(const Floor&) = delete;

    bool cycle() {
        const std::string owner = "floor" + std::to_string(++count_);
        return post("lock",
                    R"({"resourceId":"floor","lockOwner":")" + owner + R"(","expiryInSeconds":30})",
                    R"({"success":true})") &&
               post("unlock", R"({"resourceId":"floor","lockOwner":")" + owner + "\"}",
                    R"({"status":0})");
    }

  private:
    static std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* said) {
        static_cast<std::string*>(said)->append(bytes, size);
        return size;
    }
    bool post(const std::string& verb, const std::string& body, const std::string& wanted) {
        said_.clear();
        curl_easy_setopt(easy_, CURLOPT_URL, (base_ + verb + "/" + store_).c_str());
        curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, body.c_str());
        return curl_easy_perform(easy_) == CURLE_OK && said_ == wanted;
    }

    CURL* easy_ = curl_easy_init();
    curl_slist* headers_ = nullptr;
    std::string base_, store_, said_;
    std::uint64_t count_ = 0;
};

int fail(const std::string& what) {
    std::fprintf(stderr, "quorumlock_dapr: %s\n", what.c_str());
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) return fail("usage: quorumlock_dapr PORT STORE [CYCLES]");
    const std::string port = argv[1], store = argv[2];
    const int cycles = argc > 3 ? std::max(std::atoi(argv[3]), 1) : 2000;
    auto service = LockService::open({"dapr://127.0.0.1:" + port + "/" + store});
    if (!service) return fail(service.error().to_string());
    Floor floor(port, store);
    std::string why;
    const auto ours = [&] {
        auto lock = service->acquire("ours").get();
        if (!lock) why = lock.error().to_string();
        return lock && lock->release().get().has_value();
    };
    const auto theirs = [&] { return floor.cycle(); };
    if (!p50_of(50, ours) || !p50_of(50, theirs)) return fail("the sidecar does not work: " + why);
    std::vector<double> our_runs, their_runs;
    for (int run = 0; run < kRuns; ++run) {
        const auto mine = p50_of(cycles, ours);
        const auto floor_run = p50_of(cycles, theirs);
        if (!mine || !floor_run) return fail("a cycle failed: " + why);
        our_runs.push_back(*mine);
        their_runs.push_back(*floor_run);
    }
    const double our_p50 = middle(our_runs), their_p50 = middle(their_runs);
    std::printf(
        "{\"cycles\":%d,\"runs\":%d,\"ours_p50_us\":%.1f,\"curl_p50_us\":%.1f,"
        "\"ratio\":%.3f}\n",
        cycles, kRuns, our_p50, their_p50, our_p50 / their_p50);
    return 0;
}

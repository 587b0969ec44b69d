#include "lib/env/uv_tls.h"

#include <algorithm>

#include "lib/env/tls_stream.h"

namespace quorumlock::env {

namespace {

constexpr std::size_t kStepsPerTurn = 2;

void take_out(std::vector<TlsStream*>& from, TlsStream* what) noexcept {
    from.erase(std::remove(from.begin(), from.end(), what), from.end());
}

}  // namespace

UvTls::UvTls()
    : method_(TlsFilter::make_method()), buffer_(std::make_unique<char[]>(kBufferBytes)) {}

UvTls::~UvTls() = default;

bool UvTls::run_steps() {
    steps_.run(kStepsPerTurn);
    return !steps_.empty();
}

void UvTls::encrypt() {
    for (TlsStream* const stream : dirty_) stream->encrypt();
    dirty_.clear();
}

void UvTls::shut() {
    while (!streams_.empty()) streams_.back()->shut();
}

void UvTls::remove(TlsStream& stream) noexcept { take_out(streams_, &stream); }

void UvTls::remove_dirty(TlsStream& stream) noexcept { take_out(dirty_, &stream); }

}  // namespace quorumlock::env

#include "lib/env/uv_lookup.h"

#include <algorithm>
#include <csignal>
#include <memory>
#include <utility>

#include "lib/env/socket.h"
#include "lib/env/uv_core.h"

namespace quorumlock::env {

namespace {

std::string lookup_words(int status) {
    switch (status) {
        case UV_EAI_NONAME:
        case UV_EAI_NODATA:
            return "name not found";
        case UV_EAI_AGAIN:
            return "the name look-up failed for now";
        default: {
            char text[128];
            return std::string("the name look-up failed: ") +
                   uv_strerror_r(status, text, sizeof text);
        }
    }
}

}  // namespace

UvLookup::UvLookup(UvCore& core, const std::string& host, LookupEvents& events)
    : core_(&core), events_(events) {
    core_->add(*this);
    if (core_->closing()) {
        shut();
    } else if (numeric_address(host, 0)) {
        addresses_.push_back(host);
        core_->post(*this);
    } else if (const int error = ask(host); error != 0) {
        why_ = lookup_words(error);
        core_->post(*this);
    }
}

UvLookup::~UvLookup() { shut(); }

int UvLookup::ask(const std::string& host) {
    auto request = std::make_unique<Request>();
    request->core = core_;
    request->lookup = this;
    request->request.data = request.get();
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    // The first use of the pool makes its threads, which inherit this mask: signals of the host
    // process are not theirs to take.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error =
        uv_getaddrinfo(core_->loop(), &request->request, on_answer, host.c_str(), nullptr, &hints);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (error == 0) request_ = request.release();
    return error;
}

void UvLookup::on_answer(uv_getaddrinfo_t* asked, int status, addrinfo* found) {
    const std::unique_ptr<Request> request(static_cast<Request*>(asked->data));
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, uv_freeaddrinfo);
    if (request->core != nullptr) request->core->event();
    if (request->lookup == nullptr) return;
    request->lookup->request_ = nullptr;
    request->lookup->collect(status, found);
    request->lookup->run();
}

void UvLookup::collect(int status, const addrinfo* found) {
    for (const addrinfo* one = found; status == 0 && one != nullptr; one = one->ai_next) {
        std::string text = numeric_text(*one->ai_addr);
        if (text.empty() || std::count(addresses_.begin(), addresses_.end(), text) != 0) continue;
        addresses_.push_back(std::move(text));
    }
    if (addresses_.empty()) why_ = lookup_words(status != 0 ? status : UV_EAI_NODATA);
}

void UvLookup::run() {
    const std::vector<std::string> addresses = std::move(addresses_);
    const std::string why = std::move(why_);
    events_.on_addresses(addresses, why);  // May destroy this.
}

void UvLookup::shut() noexcept {
    if (core_ == nullptr) return;
    core_->unpost(*this);
    if (request_ != nullptr) {
        request_->lookup = nullptr;
        request_->core = nullptr;
        uv_cancel(reinterpret_cast<uv_req_t*>(&request_->request));
        request_ = nullptr;
    }
    core_->remove(*this);
    core_ = nullptr;
}

}  // namespace quorumlock::env

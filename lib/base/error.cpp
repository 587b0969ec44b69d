// The category behind Errc, and Error as a value.
#include <quorumlock/error.h>

#include <array>
#include <string_view>
#include <utility>

namespace quorumlock {

namespace {

struct CodeText {
    Errc code;
    const char* name;
    const char* meaning;
};

constexpr std::array kCodes{
    CodeText{Errc::contended, "contended", "another holder has the lock"},
    CodeText{Errc::no_quorum, "no_quorum", "too few nodes answered"},
    CodeText{Errc::timed_out, "timed_out", "the deadline passed before enough nodes had answered"},
    CodeText{Errc::not_held, "not_held", "the token does not hold the lock"},
    CodeText{Errc::expired, "expired", "the lease ran out before it could be used"},
    CodeText{Errc::lost, "lost", "the lock was lost"},
    CodeText{Errc::cancelled, "cancelled", "the operation was cancelled"},
    CodeText{Errc::closed, "closed", "the service is closed, or this is a forked child"},
    CodeText{Errc::would_deadlock, "would_deadlock",
             "waiting on the thread that would have to complete the operation"},
    CodeText{Errc::invalid_argument, "invalid_argument", "an argument is out of its bounds"},
    CodeText{Errc::unsupported, "unsupported", "the node kind cannot do this"},
    CodeText{Errc::rejected_by_server, "rejected_by_server", "the servers refuse this client"},
    CodeText{Errc::duplicate_node, "duplicate_node", "two URIs name the same server"},
};

const CodeText* find(int value) noexcept {
    for (const auto& entry : kCodes) {
        if (static_cast<int>(entry.code) == value) return &entry;
    }
    return nullptr;
}

class Category final : public std::error_category {
  public:
    const char* name() const noexcept override { return "quorumlock"; }
    std::string message(int value) const override {
        const auto* entry = find(value);
        return entry != nullptr ? entry->meaning : "unknown error " + std::to_string(value);
    }
};

// A server's text must not be able to forge lines of ours.
void append_on_one_line(std::string& out, std::string_view text) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        out += byte < 0x20 || byte == 0x7f ? ' ' : c;
    }
}

}  // namespace

const std::error_category& quorumlock_category() noexcept {
    static const Category category;
    return category;
}

std::error_code make_error_code(Errc code) noexcept {
    return {static_cast<int>(code), quorumlock_category()};
}

const char* errc_name(Errc code) noexcept {
    const auto* entry = find(static_cast<int>(code));
    return entry != nullptr ? entry->name : "unknown";
}

const char* node_vote_name(NodeVote vote) noexcept {
    switch (vote) {
        case NodeVote::granted:
            return "granted";
        case NodeVote::refused:
            return "refused";
        case NodeVote::failed:
            return "failed";
        case NodeVote::unknown:
            return "unknown";
    }
    return "unknown";
}

struct Error::Detail {
    std::string message;
    std::vector<NodeReport> nodes;
    Nanos holder_remaining{-1};
};

Error::Error(Errc code, std::string message) : Error(code, std::move(message), {}, Nanos{-1}) {}

Error::Error(Errc code, std::string message, std::vector<NodeReport> nodes, Nanos holder_remaining)
    : code_(code),
      detail_(std::make_shared<const Detail>(
          Detail{std::move(message), std::move(nodes), holder_remaining})) {}

const std::string& Error::message() const noexcept {
    static const std::string moved_from;
    return detail_ ? detail_->message : moved_from;
}

const std::vector<NodeReport>& Error::nodes() const noexcept {
    static const std::vector<NodeReport> moved_from;
    return detail_ ? detail_->nodes : moved_from;
}

Nanos Error::holder_remaining() const noexcept {
    return detail_ ? detail_->holder_remaining : Nanos{-1};
}

std::string Error::to_string() const {
    std::string text = message();
    for (const auto& report : nodes()) {
        text += "\n  ";
        append_on_one_line(text, report.node);
        text += ": ";
        text += node_vote_name(report.vote);
        if (!report.cause.empty()) {
            text += ", ";
            append_on_one_line(text, report.cause);
        }
    }
    return text;
}

}  // namespace quorumlock

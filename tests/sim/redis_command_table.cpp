// Every command there is. tests/sim/truth compares the numbers and flags with COMMAND INFO.
#include <array>
#include <cstring>
#include <string>

#include "tests/sim/redis_command.h"
#include "tests/sim/redis_handlers.h"

namespace quorumlock::sim {

namespace {

constexpr unsigned kAnyTime = kNoScript | kLoading | kStale | kNoAuth | kAllowBusy;

constexpr CommandRow kRows[] = {
    // Connections.
    {"auth", -2, kAnyTime, run_auth},
    {"reset", 1, kAnyTime, run_reset},
    {"hello", -1, kAnyTime, run_hello},
    {"quit", -1, kAnyTime, run_quit},
    {"ping", -1, 0, run_ping},
    {"select", 2, kLoading | kStale, run_select},
    {"client", -2, 0, run_container, KeyWords::none, true},
    {"client|id", 2, kNoScript | kLoading | kStale, run_client_id},
    {"client|setname", 3, kNoScript | kLoading | kStale, run_client_setname},
    {"client|getname", 2, kNoScript | kLoading | kStale, run_client_getname},
    {"client|kill", -3, kNoScript | kLoading | kStale, run_client_kill},
    {"client|tracking", -3, kNoScript | kLoading | kStale, run_client_tracking},
    {"client|caching", 3, kNoScript | kLoading | kStale, run_client_caching},
    {"subscribe", -2, kNoScript | kLoading | kStale, run_subscribe},
    {"unsubscribe", -1, kNoScript | kLoading | kStale, run_unsubscribe},
    // The server.
    {"info", -1, kLoading | kStale, run_info},
    {"time", 1, kLoading | kStale, run_time},
    {"dbsize", 1, kReads, run_dbsize},
    {"flushall", -1, kWrite, run_flushall},
    // Scripts.
    {"script", -2, 0, run_container, KeyWords::none, true},
    {"script|load", 3, kNoScript | kStale, run_script_load},
    {"script|exists", -3, kNoScript, run_script_exists},
    {"script|flush", -2, kNoScript, run_script_flush},
    {"script|kill", 2, kNoScript | kAllowBusy, run_script_kill},
    {"eval", -3, kNoScript | kStale, run_eval, KeyWords::counted},
    {"evalsha", -3, kNoScript | kStale, run_evalsha, KeyWords::counted},
    // Keys.
    {"get", 2, kReads, run_get, KeyWords::first},
    {"getex", -2, kWrite, run_getex},
    {"setrange", 4, kWrite | kDenyOom, run_setrange},
    {"set", -3, kWrite | kDenyOom, run_set},
    {"incr", 2, kWrite | kDenyOom, run_incr},
    {"incrby", 3, kWrite | kDenyOom, run_incrby},
    {"rpush", -3, kWrite | kDenyOom, run_rpush},
    {"del", -2, kWrite, run_del},
    {"exists", -2, kReads, run_exists, KeyWords::all},
    {"ttl", 2, kReads, run_ttl, KeyWords::first},
    {"pttl", 2, kReads, run_pttl, KeyWords::first},
    {"expire", -3, kWrite, run_expire},
    {"pexpire", -3, kWrite, run_pexpire},
    {"expireat", -3, kWrite, run_expireat},
    {"pexpireat", -3, kWrite, run_pexpireat},
};

/// A name in lower case, in place, of a fixed size: cheap to hash and to compare.
class Name {
  public:
    static constexpr std::size_t kMost = 16;

    /// False when it is longer than any command's.
    bool append(std::string_view text) noexcept {
        if (size_ + text.size() > kMost) return false;
        for (const char c : text) {
            bytes_[size_++] = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
        }
        return true;
    }
    std::size_t hash() const noexcept {
        std::uint64_t halves[2];
        std::memcpy(halves, bytes_, sizeof(halves));
        const std::uint64_t mixed =
            (halves[0] ^ (halves[1] * 0x9e3779b97f4a7c15ULL)) * 0xff51afd7ed558ccdULL;
        return static_cast<std::size_t>(mixed >> 32);
    }
    bool operator==(const Name& other) const noexcept {
        return size_ == other.size_ && std::memcmp(bytes_, other.bytes_, kMost) == 0;
    }

  private:
    char bytes_[kMost] = {};
    std::size_t size_ = 0;
};

class Index {
  public:
    Index() {
        for (const CommandRow& row : kRows) {
            Name name;
            name.append(row.name);
            std::size_t at = name.hash();
            while (places_[at % kPlaces].row != nullptr) ++at;
            places_[at % kPlaces] = {name, &row};
        }
    }

    const CommandRow* find(const Name& name) const noexcept {
        for (std::size_t at = name.hash(); places_[at % kPlaces].row != nullptr; ++at) {
            if (places_[at % kPlaces].name == name) return places_[at % kPlaces].row;
        }
        return nullptr;
    }

  private:
    static constexpr std::size_t kPlaces = 128;
    static_assert(std::size(kRows) < kPlaces / 2);

    struct Place {
        Name name{};
        const CommandRow* row = nullptr;
    };

    std::array<Place, kPlaces> places_{};
};

const Index& index() {
    static const Index kIndex;
    return kIndex;
}

const CommandRow* find_first_word(std::string_view word) noexcept {
    Name name;
    return name.append(word) ? index().find(name) : nullptr;
}

}  // namespace

std::span<const CommandRow> command_table() noexcept { return kRows; }

std::span<const std::string_view> keys_of(const CommandRow& row, const Words& words) noexcept {
    const std::span<const std::string_view> all(words);
    switch (row.keys) {
        case KeyWords::none:
            break;
        case KeyWords::first:
            return all.subspan(1, 1);
        case KeyWords::all:
            return all.subspan(1);
        case KeyWords::counted:
            return all.subspan(3, static_cast<std::size_t>(whole_number(words[2]).value_or(0)));
    }
    return {};
}

const CommandRow* find_command(const Words& words) noexcept {
    const CommandRow* const row = find_first_word(words.front());
    if (row == nullptr || !row->has_subcommands || words.size() == 1) return row;
    Name name;
    const bool fits = name.append(row->name) && name.append("|") && name.append(words[1]);
    return fits ? index().find(name) : nullptr;
}

std::string unknown_command(const Words& words) {
    constexpr std::size_t kMost = 128;
    std::string text;
    if (find_first_word(words.front()) != nullptr) {
        std::string container(words.front());
        for (char& c : container) c = c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c;
        text.append("unknown subcommand '").append(shown(words[1], kMost));
        text.append("'. Try ").append(container).append(" HELP.");
    } else {
        std::string args;
        for (std::size_t i = 1; i < words.size() && args.size() < kMost; ++i) {
            const std::string_view word = shown(words[i], kMost - args.size());
            args.append("'").append(word).append("' ");
        }
        text.append("unknown command '").append(shown(words.front(), kMost));
        text.append("', with args beginning with: ").append(args);
    }
    blank_line_ends(text);
    return "ERR " + text;
}

}  // namespace quorumlock::sim

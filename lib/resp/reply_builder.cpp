#include "lib/resp/reply_builder.h"

#include <new>

namespace quorumlock::resp {

namespace {

constexpr std::size_t kKeepParts = 1024;
constexpr std::size_t kKeepText = 64 * 1024;

ReplyBuilder& builder_of(const redisReadTask* task) {
    return *static_cast<ReplyBuilder*>(task->privdata);
}

void* create_string(const redisReadTask* task, char* bytes, std::size_t size) noexcept {
    return builder_of(task).on_string(*task, bytes, size);
}

// The length is an int in hiredis 0.14 and a size_t in 1.x: the assignment deduces it.
template <class Size>
void* create_array(const redisReadTask* task, Size size) noexcept {
    return builder_of(task).on_array(*task, static_cast<long long>(size));
}

void* create_integer(const redisReadTask* task, long long value) noexcept {
    return builder_of(task).on_integer(*task, value);
}

void* create_nil(const redisReadTask* task) noexcept { return builder_of(task).on_nil(*task); }

// Everything belongs to the builder.
void free_object(void*) noexcept {}

// hiredis 1.x knows RESP3; nobody asked the server for it.
template <class Functions>
void refuse_resp3(Functions& functions) {
    if constexpr (requires { functions.createDouble; }) {
        functions.createDouble = [](const redisReadTask* task, double, char*,
                                    std::size_t) noexcept -> void* {
            return builder_of(task).refuse(ReplyBuilder::Refusal::type);
        };
        functions.createBool = [](const redisReadTask* task, int) noexcept -> void* {
            return builder_of(task).refuse(ReplyBuilder::Refusal::type);
        };
    }
}

int depth_of(const redisReadTask& task) {
    int depth = 1;
    for (const auto* at = task.parent; at != nullptr; at = at->parent) ++depth;
    return depth;
}

void* name_of(std::size_t number) { return reinterpret_cast<void*>(number + 1); }
std::size_t number_of(const void* name) { return reinterpret_cast<std::uintptr_t>(name) - 1; }

}  // namespace

ReplyBuilder::ReplyBuilder() : values_(1) {
    functions_.createString = create_string;
    functions_.createArray = create_array;
    functions_.createInteger = create_integer;
    functions_.createNil = create_nil;
    functions_.freeObject = free_object;
    refuse_resp3(functions_);
}

void ReplyBuilder::begin() {
    parts_.clear();
    text_.clear();
    if (parts_.capacity() > kKeepParts) {
        parts_.shrink_to_fit();
        values_.resize(1);
        values_.shrink_to_fit();
    }
    if (text_.capacity() > kKeepText) text_.shrink_to_fit();
    values_.front() = Value{};
}

bool ReplyBuilder::finish() noexcept {
    try {
        values_.resize(parts_.size());
    } catch (const std::bad_alloc&) {
        return false;
    }
    std::size_t end = 1;
    for (auto& part : parts_) {
        if (part.type != Type::array) continue;
        part.first = end;
        end += part.size;
    }
    for (std::size_t number = 0; number < parts_.size(); ++number) {
        const auto& part = parts_[number];
        auto& value = values_[number == 0 ? 0 : parts_[part.parent].first + part.index];
        value = Value{.type = part.type, .integer = part.integer};
        if (part.type == Type::array) {
            value.elements = values_.data() + part.first;
            value.size = part.size;
        } else {
            value.text = {text_.data() + part.text_at, part.size};
        }
    }
    return true;
}

void* ReplyBuilder::add(const redisReadTask& task, Part part) noexcept {
    if (task.parent != nullptr) {
        part.parent = number_of(task.parent->obj);
        part.index = static_cast<std::size_t>(task.idx);
    }
    try {
        parts_.push_back(part);
    } catch (const std::bad_alloc&) {
        return refuse(Refusal::memory);
    }
    return name_of(parts_.size() - 1);
}

void* ReplyBuilder::on_string(const redisReadTask& task, const char* bytes,
                              std::size_t size) noexcept {
    Part part;
    switch (task.type) {
        case REDIS_REPLY_STATUS:
            part.type = Type::status;
            break;
        case REDIS_REPLY_ERROR:
            part.type = Type::error;
            break;
        case REDIS_REPLY_STRING:
            // hiredis skips the two bytes behind the string without a look.
            if (bytes[size] != '\r' || bytes[size + 1] != '\n') return refuse(Refusal::framing);
            part.type = Type::string;
            break;
        default:
            return refuse(Refusal::type);
    }
    part.text_at = text_.size();
    part.size = size;
    try {
        text_.append(bytes, size);
    } catch (const std::bad_alloc&) {
        return refuse(Refusal::memory);
    }
    return add(task, part);
}

void* ReplyBuilder::on_array(const redisReadTask& task, long long size) noexcept {
    if (task.type != REDIS_REPLY_ARRAY) return refuse(Refusal::type);
    if (depth_of(task) > kMaxDepth) return refuse(Refusal::depth);
    if (size < 0 || static_cast<unsigned long long>(size) > kMaxElements) {
        refused_size_ = size;
        return refuse(Refusal::elements);
    }
    Part part;
    part.type = Type::array;
    part.size = static_cast<std::size_t>(size);
    return add(task, part);
}

void* ReplyBuilder::on_integer(const redisReadTask& task, long long value) noexcept {
    Part part;
    part.type = Type::integer;
    part.integer = value;
    return add(task, part);
}

void* ReplyBuilder::on_nil(const redisReadTask& task) noexcept {
    // RESP2 writes nil as a string or an array without a length.
    if (task.type == REDIS_REPLY_NIL) return refuse(Refusal::type);
    return add(task, Part{});
}

void* ReplyBuilder::refuse(Refusal why) noexcept {
    refusal_ = why;
    return nullptr;
}

}  // namespace quorumlock::resp

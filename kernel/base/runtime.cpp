// What the compiler calls without being asked: memory routines and the ends of the object model.
// Freestanding C++ still needs them (GCC manual, "Language Standards Supported by GCC").
#include "kernel/base/panic.hpp"

#include <cstddef>
#include <cstdint>

extern "C" {

// `rep` instructions: small, and the compiler can't turn them back into a call of themselves.

void* memcpy(void* target, const void* source, std::size_t size) {
    void* to = target;
    asm volatile("rep movsb" : "+D"(to), "+S"(source), "+c"(size)::"memory");
    return target;
}

void* memset(void* target, int value, std::size_t size) {
    void* to = target;
    asm volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
    return target;
}

void* memmove(void* target, const void* source, std::size_t size) {
    if (reinterpret_cast<std::uintptr_t>(target) - reinterpret_cast<std::uintptr_t>(source) >= size) {
        return memcpy(target, source, size);
    }
    auto* to = static_cast<unsigned char*>(target) + size;
    const auto* from = static_cast<const unsigned char*>(source) + size;
    to = to - 1;
    from = from - 1;
    asm volatile("std\n\trep movsb\n\tcld" : "+D"(to), "+S"(from), "+c"(size)::"memory");
    return target;
}

[[gnu::optimize("no-tree-loop-distribute-patterns")]] int memcmp(const void* left, const void* right,
                                                                 std::size_t size) {
    const auto* a = static_cast<const unsigned char*>(left);
    const auto* b = static_cast<const unsigned char*>(right);
    for (std::size_t i = 0; i < size; ++i) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return 0;
}

[[gnu::optimize("no-tree-loop-distribute-patterns")]] std::size_t strlen(const char* text) {
    std::size_t size = 0;
    while (text[size] != '\0') {
        ++size;
    }
    return size;
}

[[gnu::optimize("no-tree-loop-distribute-patterns")]] void* memchr(const void* memory, int value,
                                                                   std::size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(memory);
    for (std::size_t i = 0; i < size; ++i) {
        if (bytes[i] == static_cast<unsigned char>(value)) {
            return const_cast<unsigned char*>(bytes + i);
        }
    }
    return nullptr;
}

void abort() {
    pagelab::base::panic("abort");
}

void __cxa_pure_virtual() {
    pagelab::base::panic("a pure virtual function was called");
}

} // extern "C"

namespace std {
// The compiler and <array> call these on a broken contract; there is nothing to unwind to.
void __glibcxx_assert_fail(const char*, int, const char* function, const char*) noexcept {
    pagelab::base::panic(function);
}
// Out of range in substr or at: a bug of ours, for there is nobody to catch it.
[[noreturn]] void __throw_out_of_range_fmt(const char* format, ...) {
    pagelab::base::panic(format);
}
[[noreturn]] void __throw_bad_optional_access() {
    pagelab::base::panic("empty optional");
}
void terminate() noexcept {
    pagelab::base::panic("terminate");
}
} // namespace std

// A virtual destructor names it, although nothing is ever allocated.
void operator delete(void*) noexcept {
    pagelab::base::panic("operator delete");
}
void operator delete(void*, std::size_t) noexcept {
    pagelab::base::panic("operator delete");
}

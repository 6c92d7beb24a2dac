// For scripts/lint alone: std::expected in words that clang-tidy 14 understands. g++ 12's own header uses
// conditionally trivial destructors, which clang has since 16; without this every use of it is an error
// there. Declarations that behave are enough, nothing here is ever compiled into a program.
#pragma once

#if defined(__clang__) && __clang_major__ < 16

#define _GLIBCXX_EXPECTED
#include <type_traits>
#include <utility>
#include <variant>

namespace std {

template <class E>
class unexpected {
public:
    template <class G = E>
    constexpr explicit unexpected(G&& error) : error_(std::forward<G>(error)) {}
    constexpr const E& error() const& { return error_; }
    constexpr E&& error() && { return std::move(error_); }

private:
    E error_;
};
template <class E>
unexpected(E) -> unexpected<E>;

struct unexpect_t {};
inline constexpr unexpect_t unexpect{};

template <class T, class E>
class expected {
    using Stored = conditional_t<is_void_v<T>, monostate, T>;

public:
    using value_type = T;
    using error_type = E;

    constexpr expected() = default;
    template <class U = Stored>
        requires(!is_void_v<T> && is_constructible_v<Stored, U> && !is_same_v<remove_cvref_t<U>, expected>)
    constexpr expected(U&& value) : state_(in_place_index<0>, std::forward<U>(value)) {}
    template <class G>
    constexpr expected(const unexpected<G>& error) : state_(in_place_index<1>, error.error()) {}
    template <class G>
    constexpr expected(unexpected<G>&& error) : state_(in_place_index<1>, std::move(error).error()) {}

    constexpr explicit operator bool() const { return state_.index() == 0; }
    constexpr bool has_value() const { return state_.index() == 0; }
    constexpr Stored& operator*() & { return *std::get_if<0>(&state_); }
    constexpr const Stored& operator*() const& { return *std::get_if<0>(&state_); }
    constexpr Stored&& operator*() && { return std::move(*std::get_if<0>(&state_)); }
    constexpr Stored* operator->() { return std::get_if<0>(&state_); }
    constexpr const Stored* operator->() const { return std::get_if<0>(&state_); }
    constexpr E& error() & { return *std::get_if<1>(&state_); }
    constexpr const E& error() const& { return *std::get_if<1>(&state_); }
    constexpr E&& error() && { return std::move(*std::get_if<1>(&state_)); }
    template <class U>
    constexpr Stored value_or(U&& other) const {
        return has_value() ? **this : static_cast<Stored>(std::forward<U>(other));
    }
    friend constexpr bool operator==(const expected& a, const expected& b) { return a.state_ == b.state_; }

private:
    variant<Stored, E> state_;
};

} // namespace std

#endif

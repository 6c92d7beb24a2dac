// Questions about paging: made from a seed, answered by the core. For the commands `quiz` and `answer`.
// Pure: the same seed and number make the same question, and nothing is kept but these two.
#pragma once

#include "kernel/paging/walk.hpp"
#include "kernel/shell/arguments.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace pagelab::shell {

enum class QuestionKind : std::uint8_t { translate, window, split, entry, access, alias };
inline constexpr std::array<const char*, 6> kQuestionKinds = {"translate", "window", "split",
                                                              "entry",     "access", "alias"};

/// What is asked and what it is asked about. Each kind uses some of the fields.
struct Question {
    QuestionKind kind{};
    paging::VirtAddr va;
    std::uint32_t pde = 0;
    std::uint32_t pte = 0;
    /// The slot that maps the directory onto itself.
    std::uint32_t slot = 0;
    /// Asked is the PDE, not the PTE.
    bool directory = false;
    bool write_protect = false;
    paging::Access access;
    /// Entries of the page table of `va`, in order; one of them is that of `va`.
    struct TableEntry {
        std::uint32_t index = 0;
        std::uint32_t raw = 0;
    };
    std::array<TableEntry, 4> table{};

    [[nodiscard]] paging::PagingContext context() const;
    /// The walk of `va` through `pde` and `pte`.
    [[nodiscard]] paging::Walk walk() const;
};

/// A number, an address, an entry or an error code; or that there is none: no page, no fault.
struct Answer {
    bool none = false;
    std::uint64_t value = 0;
    constexpr bool operator==(const Answer&) const = default;
};

/// Question `number` (from 1) of `seed`. Six in a row are of six kinds.
[[nodiscard]] Question make_question(std::uint32_t seed, std::uint32_t number);
/// By kernel/paging, which says the same to every other command.
[[nodiscard]] Answer right_answer(const Question& question);
/// What was typed, in the form that the question asks for.
[[nodiscard]] Parsed<Answer> parse_answer(const Question& question, std::string_view token,
                                          const machine::Machine& machine);
/// The two sentences of the question with `between` between them.
void put_question(Output& out, const Question& question, const char* between);
/// Why the answer is the right one: the arithmetic.
void put_reason(Output& out, const Question& question);
/// What is wrong with a wrong answer, without giving the right one away.
void put_hint(Output& out, const Question& question, const Answer& answer);

/// Where a student is.
struct Quiz {
    std::uint32_t seed = 1;
    std::uint32_t number = 0;
    bool open = false;
};

} // namespace pagelab::shell

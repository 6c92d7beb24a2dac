#include "kernel/shell/quiz.hpp"

#include "kernel/paging/explain.hpp"
#include "kernel/paging/slot_text.hpp"
#include "kernel/shell/random.hpp"

namespace pagelab::shell {
namespace {

namespace bits = paging::bits;

/// Where the imagined directory is; no generated frame lies there.
constexpr std::uint32_t kDirectory = 0x00105000;

/// A frame from 2 MiB to 64 MiB, with these bits and rights as they fall.
std::uint32_t make_entry(Random& random, std::uint32_t set) {
    const std::uint32_t frame = (set & bits::kLarge) != 0
                                    ? (1 + random.below(15)) * paging::kLargePageSize
                                    : (0x200 + random.below(0x3e00)) * paging::kPageSize;
    return frame | set | random.mostly(bits::kWritable) | random.mostly(bits::kUser);
}

std::uint32_t make_pte(Random& random) {
    return make_entry(random, bits::kAccessed | (random.below(6) != 0 ? bits::kPresent : 0));
}

/// A table in which one more entry leads to the frame of `va`, and perhaps is not present; one leads to the
/// frame beside it, and one anywhere else.
void make_table(Random& random, Question& question) {
    const std::uint32_t asked = random.below(4);
    const std::uint32_t alias = asked ^ (1 + random.below(3));
    const std::uint32_t frame = question.pte & bits::kFrameMask;
    std::uint32_t index = 0;
    for (std::uint32_t i = 0; i < question.table.size(); ++i) {
        index += 1 + random.below(200);
        const std::uint32_t other = make_pte(random);
        std::uint32_t raw = frame | (other & ~bits::kFrameMask);
        if (i == asked) {
            raw |= bits::kPresent;
            question.va =
                VirtAddr::from_indices(question.va.directory_index(), index, question.va.page_offset());
        } else if (i == (alias ^ 1)) {
            raw ^= paging::kPageSize;
        } else if (i != alias) {
            raw = ((other ^ frame) & bits::kFrameMask) != 0 ? other : other ^ paging::kPageSize;
        }
        question.table[i] = {index, raw};
    }
}

/// The address of the question's byte through an entry of its table.
VirtAddr address_through(const Question& question, const Question::TableEntry& entry) {
    return VirtAddr::from_indices(question.va.directory_index(), entry.index, question.va.page_offset());
}

/// The entry that translates the address, if it is one of those that are shown.
const Question::TableEntry* shown_entry(const Question& question, VirtAddr va) {
    const bool same_table = va.directory_index() == question.va.directory_index();
    for (const Question::TableEntry& entry : question.table) {
        if (same_table && entry.index == va.table_index()) {
            return &entry;
        }
    }
    return nullptr;
}

bool same_frame(const Question::TableEntry& entry, const Question& question) {
    return paging::Pte{entry.raw}.frame() == paging::Pte{shown_entry(question, question.va)->raw}.frame();
}

Answer find_alias(const Question& question) {
    for (const Question::TableEntry& entry : question.table) {
        const VirtAddr va = address_through(question, entry);
        if (va != question.va && paging::Pte{entry.raw}.present() && same_frame(entry, question)) {
            return {.value = va.raw()};
        }
    }
    return {.none = true};
}

bool asks_for_large_page(const Question& question) {
    return paging::Pde{question.pde}.large(question.context());
}

paging::Slot asked_slot(const Question& question, std::uint32_t raw) {
    return question.directory ? paging::make_pde_slot(0, raw, question.context())
                              : paging::make_pte_slot(0, 0, raw);
}

void put_entries(Output& out, const Question& question) {
    const paging::Walk walk = question.walk();
    for (std::uint8_t i = 0; i < walk.step_count; ++i) {
        print(out, i == 0 ? "" : ", ");
        put_step_name(out, walk, walk.steps[i]);
        say(out, " = {}", Hex{*walk.steps[i].raw});
    }
}

void put_entry_question(Output& out, const Question& question, const char* between) {
    const paging::EntryWord entry{question.directory ? question.pde : question.pte};
    const bool large = question.directory && asks_for_large_page(question);
    say(out,
        "{}{} at {}, {}{}; A and all else are 0.{}Which word is it? answer VALUE, as a number or "
        "p:PA|FLAG|FLAG.",
        question.directory ? "A PDE leads to " : "A PTE leads to ",
        large                ? "a 4 MiB page"
        : question.directory ? "a page table"
                             : "a page",
        PhysAddr{entry.raw() & bits::kFrameMask}, entry.writable() ? "writable" : "read-only",
        entry.user() ? ", for user and kernel" : ", for the kernel only", between);
}

void put_alias_question(Output& out, const Question& question, const char* between) {
    say(out, "Page table {} holds ", Decimal{question.va.directory_index()});
    const char* separator = "";
    for (const Question::TableEntry& entry : question.table) {
        say(out, "{}{} = {}", separator, Decimal{entry.index}, Hex{entry.raw});
        separator = ", ";
    }
    say(out, ".{}At which other address is the byte of {}? answer VA, or answer none.", between, question.va);
}

void put_access_question(Output& out, const Question& question, const char* between) {
    constexpr std::array<std::string_view, 3> kVerbs = {" reads ", " writes ", " executes "};
    say(out, "CR0.WP = {}", question.write_protect ? "1, " : "0, ");
    put_entries(out, question);
    say(out, ".{}{}{}{}, without SMEP: what happens? answer allowed, or answer with the error code.", between,
        question.access.user ? "User code" : "The kernel",
        kVerbs[static_cast<std::size_t>(question.access.kind)], question.va);
}

void put_alias_hint(Output& out, const Question& question, const Answer& answer) {
    const VirtAddr va{static_cast<std::uint32_t>(answer.value)};
    const Question::TableEntry* entry = shown_entry(question, va);
    if (answer.none) {
        say(out, "two entries have the same frame in bits 31:12, and both have P (bit 0) set");
    } else if (entry == nullptr || va.page_base() == question.va.page_base()) {
        say(out,
            entry == nullptr ? "{} is on no page that is shown" : "{} is on the page that is asked about",
            va);
    } else if (!paging::Pte{entry->raw}.present()) {
        say(out, "entry {} has P (bit 0) clear", Decimal{entry->index});
    } else if (!same_frame(*entry, question)) {
        say(out, "entry {} leads to another frame: compare bits 31:12", Decimal{entry->index});
    } else {
        say(out, "the low 12 bits of the address go over as they are");
    }
}

void put_alias_reason(Output& out, const Question& question) {
    for (const Question::TableEntry& entry : question.table) {
        put_slot(out, paging::make_pte_slot(question.va.directory_index(), entry.index, entry.raw));
        say(out, "\n");
    }
}

void put_translate_hint(Output& out, const Question& question, const Answer& answer, const Answer& right) {
    if (right.none) {
        say(out, "an entry with P (bit 0) clear leads nowhere");
        return;
    }
    if (answer.none) {
        say(out, "every entry of this walk has P (bit 0) set");
        return;
    }
    const bool large = asks_for_large_page(question);
    const std::uint64_t low = (large ? paging::kLargePageSize : paging::kPageSize) - 1;
    print(out, large ? "PS (bit 7) is set, it is a 4 MiB page: " : "");
    if (((answer.value ^ right.value) & low) != 0) {
        say(out, "the low {} bits of the address go over as they are", large ? "22" : "12");
    } else {
        say(out, "the frame is in bits 31:{}", large ? "22 of the PDE" : "12 of the PTE");
    }
}

void put_window_hint(Output& out, const Question& question, VirtAddr answer) {
    if (answer.directory_index() != question.slot) {
        say(out, "{} lies outside slot {}", answer, Decimal{question.slot});
    } else {
        const std::uint32_t index = answer.page_offset() / paging::kEntrySize;
        say(out, "{} shows {}", answer,
            answer.table_index() == question.slot ? EntryName{index}
                                                  : EntryName{answer.table_index(), index});
    }
    print(out, question.directory ? "; PDEs stand at slot:slot:PDI*4" : "; PTEs stand at slot:PDI:PTI*4");
}

void put_split_hint(Output& out, VirtAddr answer, VirtAddr right) {
    std::string_view between;
    const auto tell = [&](bool differs, const char* what) {
        if (differs) {
            print(out, between, what);
            between = ", ";
        }
    };
    tell(answer.directory_index() != right.directory_index(), "the directory index is bits 31:22");
    tell(answer.table_index() != right.table_index(), "the table index is bits 21:12");
    tell(answer.page_offset() != right.page_offset(), "the offset is bits 11:0");
}

void put_entry_hint(Output& out, const Question& question, std::uint32_t wrong_bits) {
    // Read as an entry of its own, so that its bits have their names; P and PS must be there for that.
    const std::uint32_t named =
        wrong_bits | bits::kPresent | (question.directory ? question.pde & bits::kLarge : 0);
    paging::FlagSet flags = asked_slot(question, named).flags;
    if ((wrong_bits & bits::kPresent) == 0) {
        flags.remove(paging::Flag::p);
    }
    if ((wrong_bits & bits::kLarge) == 0) {
        flags.remove(paging::Flag::ps);
    }
    const bool address = (wrong_bits & bits::kFrameMask) != 0;
    if (!flags.empty()) {
        say(out, "look again at ");
        put_flags(out, flags);
        print(out, address ? "; " : "");
    }
    print(out, address         ? "the address is in bits 31:12, the low 12 bits are flags"
               : flags.empty() ? "a bit is set that is to be 0"
                               : "");
}

void put_access_hint(Output& out, const Answer& answer, const Answer& right) {
    if (right.none) {
        say(out, "the tables allow it: all levels together give the right");
    } else if (answer.none) {
        say(out, "every level needs P, for user code US, for a write RW (for the kernel's if CR0.WP = 1)");
    } else {
        say(out, "{} says ", Hex{static_cast<std::uint32_t>(answer.value), 1});
        paging::put_fault_code(out, static_cast<std::uint32_t>(answer.value));
        say(out, "; bits: 1 present but not allowed, 2 write, 4 user");
    }
}

} // namespace

paging::PagingContext Question::context() const {
    namespace cr0 = paging::cr0;
    return {.control = {.cr0 = cr0::kPaging | cr0::kProtection | (write_protect ? cr0::kWriteProtect : 0),
                        .cr3 = kDirectory,
                        .cr4 = paging::cr4::kPse}};
}

paging::Walk Question::walk() const {
    return paging::decode_walk(context(), std::nullopt, va, pde, pte);
}

Question make_question(std::uint32_t seed, std::uint32_t number) {
    Random random(seed, number);
    Question question;
    question.kind = static_cast<QuestionKind>((seed % 6 + number % 6 + 4) % 6);
    question.va = VirtAddr{random.next() | 4};
    question.slot = random.below(2) == 0 ? 1023 : 512 + random.below(511);
    question.directory = random.below(2) == 0;
    question.write_protect = random.below(2) == 0;
    question.access.user = random.below(3) != 0;
    question.access.kind = static_cast<paging::AccessKind>(random.below(5) / 2);
    const std::uint32_t shape = random.below(6);
    question.pde = make_entry(random, bits::kPresent);
    question.pte = make_pte(random);
    if (question.kind == QuestionKind::entry) {
        question.pde = make_entry(random, bits::kPresent | (shape < 3 ? bits::kLarge : 0));
        question.pte = make_entry(random, bits::kPresent);
    } else if (question.kind == QuestionKind::translate) {
        question.pde = make_entry(random, bits::kAccessed | (shape != 0 ? bits::kPresent : 0) |
                                              (shape < 3 ? bits::kLarge : 0));
    } else if (question.kind == QuestionKind::alias) {
        make_table(random, question);
    }
    return question;
}

Answer right_answer(const Question& question) {
    switch (question.kind) {
    case QuestionKind::translate: {
        const paging::Walk walk = question.walk();
        return walk.has_page() ? Answer{.value = walk.pa->raw()} : Answer{.none = true};
    }
    case QuestionKind::window:
        return {.value =
                    (question.directory ? paging::pde_window : paging::pte_window)(question.slot, question.va)
                        .raw()};
    case QuestionKind::split:
        return {.value = question.va.raw()};
    case QuestionKind::entry:
        return {.value = question.directory ? question.pde : question.pte};
    case QuestionKind::alias:
        return find_alias(question);
    case QuestionKind::access:
        break;
    }
    const paging::Prediction predicted = paging::predict(question.walk(), question.access);
    return {.none = !predicted.fault, .value = predicted.code};
}

Parsed<Answer> parse_answer(const Question& question, std::string_view token,
                            const machine::Machine& machine) {
    const auto as_answer = [](const auto& parsed, auto value) -> Parsed<Answer> {
        return parsed ? Parsed<Answer>{Answer{.value = value(*parsed)}} : std::unexpected{parsed.error()};
    };
    const bool may_be_none = question.kind == QuestionKind::translate || question.kind == QuestionKind::alias;
    if (may_be_none && is(token, "none")) {
        return Answer{.none = true};
    }
    switch (question.kind) {
    case QuestionKind::translate:
        return as_answer(parse_physical(token, true), [](PhysAddr pa) { return pa.raw(); });
    case QuestionKind::split:
        if (token.find(':') == std::string_view::npos) {
            return wrong("'{}' is not split; write PDI:PTI:OFFSET, as 768:256:0x234", token);
        }
        [[fallthrough]];
    case QuestionKind::window:
    case QuestionKind::alias:
        return as_answer(parse_virtual(token, machine), [](VirtAddr va) { return std::uint64_t{va.raw()}; });
    case QuestionKind::entry:
        return as_answer(parse_value(token), [](std::uint32_t value) { return std::uint64_t{value}; });
    case QuestionKind::access:
        break;
    }
    constexpr std::uint32_t kAllBits = 0x1f;
    if (is(token, "allowed")) {
        return Answer{.none = true};
    }
    const auto code = read_number(token);
    if (!code || *code > kAllBits) {
        return wrong("'{}' is no answer: write allowed, or an error code from 0 to 31", token);
    }
    return Answer{.value = *code};
}

void put_question(Output& out, const Question& question, const char* between) {
    switch (question.kind) {
    case QuestionKind::translate:
        say(out, "CR4.PSE = 1, ");
        put_entries(out, question);
        say(out, ".{}To which physical address does {} lead? answer p:PA, or answer none.", between,
            question.va);
        return;
    case QuestionKind::window:
        say(out,
            "PDE {} leads to the directory itself.{}At which virtual address is the {} of {}? answer VA.",
            Decimal{question.slot}, between, question.directory ? "PDE" : "PTE", question.va);
        return;
    case QuestionKind::split:
        say(out, "An address is 10 bits, 10 bits and 12 bits.{}Split {}: answer PDI:PTI:OFFSET.", between,
            question.va);
        return;
    case QuestionKind::entry:
        return put_entry_question(out, question, between);
    case QuestionKind::alias:
        return put_alias_question(out, question, between);
    case QuestionKind::access:
        return put_access_question(out, question, between);
    }
}

void put_reason(Output& out, const Question& question) {
    const VirtAddr va = question.va;
    const paging::Walk walk = question.walk();
    switch (question.kind) {
    case QuestionKind::translate:
        return write_text(out, walk);
    case QuestionKind::window:
        if (question.directory) {
            say(out, "{} (slot:slot)", VirtAddr::from_indices(question.slot, question.slot));
        } else {
            say(out, "{} (slot) + {} * 0x1000", VirtAddr::from_indices(question.slot, 0),
                Decimal{va.directory_index()});
        }
        say(out, " + {} * 4 = {}\n", Decimal{question.directory ? va.directory_index() : va.table_index()},
            VirtAddr{static_cast<std::uint32_t>(right_answer(question).value)});
        return;
    case QuestionKind::split:
        return paging::write_split_text(out, va);
    case QuestionKind::entry:
        return paging::write_entry_text(
            out, asked_slot(question, static_cast<std::uint32_t>(right_answer(question).value)));
    case QuestionKind::alias:
        return put_alias_reason(out, question);
    case QuestionKind::access:
        break;
    }
    if (const Answer right = right_answer(question); !right.none) {
        return write_text(
            out, paging::explain_fault(walk, static_cast<std::uint32_t>(right.value), question.access));
    }
    write_text(out, walk);
    if (question.access.kind == paging::AccessKind::write && !walk.combined.writable) {
        say(out, "the pages are read-only, but with CR0.WP = 0 the kernel writes nevertheless\n");
    }
}

void put_hint(Output& out, const Question& question, const Answer& answer) {
    const Answer right = right_answer(question);
    const auto value = static_cast<std::uint32_t>(answer.value);
    switch (question.kind) {
    case QuestionKind::translate:
        return put_translate_hint(out, question, answer, right);
    case QuestionKind::window:
        return put_window_hint(out, question, VirtAddr{value});
    case QuestionKind::split:
        return put_split_hint(out, VirtAddr{value}, question.va);
    case QuestionKind::entry:
        return put_entry_hint(out, question, value ^ static_cast<std::uint32_t>(right.value));
    case QuestionKind::access:
        return put_access_hint(out, answer, right);
    case QuestionKind::alias:
        return put_alias_hint(out, question, answer);
    }
}

} // namespace pagelab::shell

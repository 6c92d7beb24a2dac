// Why an access faulted: the cause by the error code, the entry to blame, and what would allow it.
// For the shell's fault report and `fault`, and for the console. Pure.
#pragma once

#include "kernel/paging/walk_text.hpp"

namespace pagelab::paging {

/// The access that a page fault's error code tells of. With neither SMEP nor NX a fetch looks like a read, so
/// `eip` (where known) decides: a fetch faults at EIP = CR2.
constexpr Access access_of_fault(std::uint32_t code, VirtAddr cr2, std::optional<VirtAddr> eip) {
    const bool fetch = (code & fault_code::kFetch) != 0 ||
                       ((code & fault_code::kWrite) == 0 && eip.has_value() && *eip == cr2);
    return {.kind = fetch                              ? AccessKind::fetch
                    : (code & fault_code::kWrite) != 0 ? AccessKind::write
                                                       : AccessKind::read,
            .user = (code & fault_code::kUser) != 0};
}

/// What the CPU said and what the tables say now.
struct FaultExplanation {
    enum class Cause : std::uint8_t { not_present, protection, reserved_bit, none } cause{};
    std::uint32_t code = 0;
    Access access;
    Walk walk;
    /// The step to blame: index into walk.steps. None if the tables allow the access now.
    std::optional<std::uint8_t> blame;
};

/// `walk` is the walk of CR2 at the time of explaining.
constexpr FaultExplanation explain_fault(const Walk& walk, std::uint32_t code, const Access& access) {
    using Cause = FaultExplanation::Cause;
    const Prediction now = predict(walk, access);
    FaultExplanation result{.code = code, .access = access, .walk = walk, .blame = now.blame};
    if (!now.fault) {
        result.cause = Cause::none;
    } else if (walk.outcome == Outcome::reserved_bit) {
        result.cause = Cause::reserved_bit;
    } else {
        result.cause = walk.has_page() ? Cause::protection : Cause::not_present;
    }
    return result;
}

constexpr std::string_view access_name(AccessKind kind) {
    constexpr std::array<std::string_view, 3> kNames = {"read", "write", "fetch"};
    return kNames[static_cast<std::size_t>(kind)];
}

constexpr std::string_view cause_name(FaultExplanation::Cause cause) {
    constexpr std::array<std::string_view, 4> kNames = {"not-present", "protection", "reserved-bit", "none"};
    return kNames[static_cast<std::size_t>(cause)];
}

/// The error code's bits in words: "protection, write, user".
template <TextSink S>
constexpr void put_fault_code(S& sink, std::uint32_t code) {
    sink.put((code & fault_code::kProtection) != 0 ? "protection" : "not present");
    sink.put((code & fault_code::kWrite) != 0 ? ", write" : ", read");
    sink.put((code & fault_code::kUser) != 0 ? ", user" : ", kernel");
    if ((code & fault_code::kReserved) != 0) {
        sink.put(", reserved bit");
    }
    if ((code & fault_code::kFetch) != 0) {
        sink.put(", fetch");
    }
}

namespace detail {

template <TextSink S>
constexpr void put_command(S& sink, std::string_view verb, VirtAddr va, std::string_view rest) {
    sink.put(verb);
    sink.put(" ");
    put_address(sink, va);
    sink.put(rest);
}

/// Why present entries deny the access, and the command that would allow it.
template <TextSink S>
constexpr void put_protection_reason(S& sink, const FaultExplanation& fault) {
    const Step& step = fault.walk.steps[fault.blame.value_or(0)];
    const EntryWord entry{step.raw.value_or(0)};
    const ControlRegisters& control = fault.walk.context.control;
    const VirtAddr page = fault.walk.va.aligned_down(fault.walk.page_size);
    const bool directory_alone = step.level == Level::pde && fault.walk.step_count == 2;
    const auto cure = [&](std::string_view change, std::uint32_t bit) {
        sink.put("; ");
        if (directory_alone) {
            // The leaf can't give what the PDE withholds: the PDE itself must change.
            sink.put("setpde ");
            put_decimal(sink, step.index);
            sink.put(" ");
            put_hex(sink, entry.raw() | bit, 8);
        } else {
            put_command(sink, "protect", page, change);
        }
        sink.put(" would allow it");
    };
    put_step_name(sink, fault.walk, step);
    if (fault.access.user && !entry.user()) {
        sink.put(" is for the kernel only (US = 0)");
        cure(" +u", bits::kUser);
        return;
    }
    if (!fault.access.user && fault.access.kind == AccessKind::fetch) {
        sink.put(" is a user page and CR4.SMEP forbids the kernel to execute it");
        return;
    }
    if (!fault.access.user && fault.walk.combined.user && control.smap()) {
        sink.put(" is a user page and CR4.SMAP forbids the kernel to use it");
        return;
    }
    sink.put(fault.access.user ? " is read-only (RW = 0)" : " is read-only (RW = 0) and CR0.WP = 1");
    cure(" +w", bits::kWritable);
}

} // namespace detail

/// One sentence: what is to blame and what would allow the access.
template <TextSink S>
constexpr void put_fault_reason(S& sink, const FaultExplanation& fault) {
    using Cause = FaultExplanation::Cause;
    switch (fault.cause) {
    case Cause::none:
        sink.put("the tables allow it now: the entry changed since, or the TLB held an old one");
        return;
    case Cause::protection:
        detail::put_protection_reason(sink, fault);
        return;
    case Cause::reserved_bit:
    case Cause::not_present:
        break;
    }
    const Step& step = fault.walk.steps[fault.blame.value_or(0)];
    put_step_name(sink, fault.walk, step);
    if (step.kind == EntryKind::unreadable) {
        sink.put(" can't be read: its table lies beyond RAM");
        return;
    }
    if (fault.cause == Cause::reserved_bit) {
        sink.put(" has reserved bits set; setpde ");
        put_decimal(sink, step.index);
        sink.put(" ");
        put_hex(sink, *step.raw & ~fault.walk.context.reserved_in_large_pde(), 8);
        sink.put(" would clear them");
        return;
    }
    sink.put(" is not present; ");
    detail::put_command(sink, "map", fault.walk.va.page_base(), fault.access.user ? " rwu" : "");
    sink.put(" would allow it");
}

/// The lines of a fault report after its head: the walk, and the sentence.
template <TextSink S>
constexpr void write_text(S& sink, const FaultExplanation& fault) {
    sink.put(access_name(fault.access.kind));
    sink.put(fault.access.user ? " by user code at " : " by the kernel at ");
    put_address(sink, fault.walk.va);
    sink.put(": error code ");
    put_hex(sink, fault.code, 1);
    sink.put(" (");
    put_fault_code(sink, fault.code);
    sink.put(")\n");
    write_text(sink, fault.walk);
    put_fault_reason(sink, fault);
    sink.put("\n");
}

template <TextSink S>
constexpr void write_json(S& sink, const FaultExplanation& fault) {
    JsonObject json(sink, "fault");
    json.address("cr2", fault.walk.va);
    json.hex("code", fault.code, 1);
    json.text("access", access_name(fault.access.kind));
    json.text("ring", std::string_view{fault.access.user ? "user" : "kernel"});
    json.text("cause", cause_name(fault.cause));
    if (fault.blame) {
        json.plain_text("blame",
                        [&](S& name) { put_step_name(name, fault.walk, fault.walk.steps[*fault.blame]); });
    } else {
        json.null("blame");
    }
    json.plain_text("text", [&](S& text) { put_fault_reason(text, fault); });
}

} // namespace pagelab::paging

#include "kernel/shell/fault_report.hpp"

#include "kernel/shell/reader.hpp"

#include <array>

namespace pagelab::shell {
namespace {

constexpr std::array<const char*, 22> kNames = {"#DE divide error",
                                                "#DB debug exception",
                                                "NMI",
                                                "#BP breakpoint",
                                                "#OF overflow",
                                                "#BR bound range exceeded",
                                                "#UD invalid opcode",
                                                "#NM no coprocessor",
                                                "#DF double fault",
                                                "coprocessor segment overrun",
                                                "#TS invalid TSS",
                                                "#NP segment not present",
                                                "#SS stack fault",
                                                "#GP general protection",
                                                "#PF page fault",
                                                "reserved exception 15",
                                                "#MF floating-point error",
                                                "#AC alignment check",
                                                "#MC machine check",
                                                "#XM SIMD floating-point error",
                                                "#VE virtualization exception",
                                                "#CP control protection"};

void put_head(Output& sink, const machine::Exception& exception) {
    const std::string_view name = exception_name(exception.vector);
    if (name.empty()) {
        say(sink, "exception {}", Decimal{exception.vector});
    } else {
        print(sink, name);
    }
    if (exception.vector != kPageFault && exception.code != 0) {
        say(sink, ", error code {}", Hex{exception.code, 4});
    }
    say(sink, " at EIP {}", Hex{exception.eip});
}

} // namespace

std::string_view exception_name(std::uint32_t vector) {
    return vector < kNames.size() ? kNames[vector] : std::string_view{};
}

paging::FaultExplanation explain_page_fault(machine::Machine& machine, paging::VirtAddr cr2,
                                            std::uint32_t code, std::optional<paging::VirtAddr> eip) {
    const paging::Walk walk = walk_now(machine, cr2);
    return paging::explain_fault(walk, code, paging::access_of_fault(code, cr2, eip));
}

void put_source(Output& out, machine::Machine& machine, std::uint32_t eip, std::uint32_t esp) {
    const auto exercise = machine.exercise();
    if (!exercise) {
        return;
    }
    auto source = exercise->source_of(eip);
    const bool on_stack = !source && esp % 4 == 0;
    if (on_stack) {
        // By the tables, not by an access: ESP may be what is broken.
        const paging::Walk walk = walk_now(machine, paging::VirtAddr{esp});
        const auto word = walk.pa ? machine.read_word(*walk.pa) : std::nullopt;
        source = word && *word != 0 ? exercise->source_of(*word - 1) : std::nullopt; // the call before it
    }
    if (source) {
        say(out, "{} {}, {} line {}\n", on_stack ? "called from" : "in", source->function, source->file,
            Decimal{source->line});
    }
}

void report_exception(Output& out, machine::Machine& machine, const machine::Exception& exception,
                      bool json) {
    const bool page_fault = exception.vector == kPageFault;
    if (!json) {
        put_head(out, exception);
        say(out, ": the command was ended and its changes were taken back\n");
        put_source(out, machine, exception.eip, exception.esp);
        if (page_fault) {
            write_text(out, explain_page_fault(machine, paging::VirtAddr{exception.cr2}, exception.code,
                                               paging::VirtAddr{exception.eip}));
        }
        return;
    }
    if (page_fault) {
        write_json(out, explain_page_fault(machine, paging::VirtAddr{exception.cr2}, exception.code,
                                           paging::VirtAddr{exception.eip}));
    } else {
        say(out, R"({"record":"error","v":1,"text":")");
        put_head(out, exception);
        say(out, "\"}");
    }
    say(out, "\n");
}

} // namespace pagelab::shell

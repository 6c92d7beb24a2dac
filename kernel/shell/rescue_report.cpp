#include "kernel/shell/rescue_report.hpp"

#include "kernel/paging/walk_text.hpp"
#include "kernel/shell/fault_report.hpp"

#include <array>

namespace pagelab::shell {
namespace {

using interface::Repair;
using interface::RepairKind;
using interface::Repairs;
using interface::RescueReport;
using interface::WalkWords;
using paging::EntryName;
using paging::PhysAddr;
using paging::VirtAddr;

constexpr std::uint32_t kDoubleFault = 8;
constexpr std::uint32_t kShown = 4;

void put_register(Output& out, std::uint32_t index) {
    namespace register_index = interface::register_index;
    switch (index) {
    case register_index::kDescriptors:
        return print(out, "GDTR, IDTR, LDTR or TR");
    case register_index::kSegments:
        return print(out, "segments");
    case register_index::kKept:
        return print(out, "the kernel's own notes of the CPU");
    case register_index::kInput:
        return print(out, "the serial port or its interrupt");
    case register_index::kBreakpoints:
        return print(out, "DR7");
    default:
        say(out, "CR{}", Decimal{index});
    }
}

void put_repair(Output& out, const Repair& repair) {
    switch (repair.kind) {
    case RepairKind::directory_slot:
    case RepairKind::space_entry:
        say(out, "{}", EntryName{repair.index});
        break;
    case RepairKind::kernel_entry:
        say(out, "{}", EntryName{768, repair.index});
        break;
    case RepairKind::scratch_entry:
        say(out, "{}", EntryName{770, repair.index});
        break;
    case RepairKind::record_entry:
        say(out, "{}", EntryName{769, repair.index});
        break;
    case RepairKind::text:
        say(out, "code at {}", PhysAddr{repair.index});
        break;
    case RepairKind::strategy_entry:
        say(out, "{}", EntryName{repair.index >> 10, repair.index & 1023});
        break;
    case RepairKind::strategy_word:
        say(out, "the address of the table of slot {}", Decimal{repair.index});
        break;
    case RepairKind::frame_record:
        print(out, "the sum of the frame records");
        break;
    case RepairKind::registers:
        put_register(out, repair.index);
        break;
    case RepairKind::lifeline:
        say(out, "lifeline + {}", Hex{repair.index, 3});
        break;
    default:
        say(out, "the rescue's entry {}", Decimal{repair.index});
        break;
    }
    say(out, "  {} -> {}", Hex{repair.before}, Hex{repair.after});
}

void put_repairs(Output& out, const Repairs& repairs) {
    const std::uint32_t shown = repairs.total < kShown ? repairs.total : kShown;
    for (std::uint32_t i = 0; i < shown; ++i) {
        print(out, "put right: ");
        put_repair(out, repairs.kept[i]);
        print(out, "\n");
    }
    if (repairs.total > shown) {
        say(out, "and {} more\n", Decimal{repairs.total - shown});
    }
}

/// The walk as it was when the kernel died.
paging::Walk walk_of(const RescueReport& report, const WalkWords& words) {
    const paging::PagingContext context{.control = {.cr0 = report.cr0, .cr3 = report.cr3, .cr4 = report.cr4},
                                        .cpu = {}};
    const auto word = [&words](std::uint32_t which, std::uint32_t value) {
        return (words.there & which) != 0 ? std::optional{value} : std::nullopt;
    };
    return decode_walk(context, std::nullopt, VirtAddr{words.address}, word(WalkWords::kPde, words.pde),
                       word(WalkWords::kPte, words.pte));
}

struct Failure {
    const char* what; // the CPU could not …
    paging::Walk walk;
};

/// What the CPU could not do when it gave up: the first of these that the tables did not let it.
std::optional<Failure> find_failure(const RescueReport& report) {
    if (report.vector >= interface::kPanicVector) {
        return std::nullopt; // no access failed
    }
    struct Need {
        RescueReport::Walk which;
        paging::AccessKind kind;
        const char* what;
    };
    constexpr std::array<Need, 3> kNeeds = {
        {{RescueReport::eip_walk, paging::AccessKind::fetch, "fetch its next instruction"},
         {RescueReport::stack_walk, paging::AccessKind::write, "push on the kernel's stack"},
         {RescueReport::handler_walk, paging::AccessKind::fetch, "fetch the page-fault handler"}}};
    for (const Need& need : kNeeds) {
        const paging::Walk walk = walk_of(report, report.walks[need.which]);
        if (predict(walk, {.kind = need.kind, .user = false}).fault) {
            return Failure{need.what, walk};
        }
    }
    return std::nullopt;
}

void put_cause(Output& out, const RescueReport& report) {
    switch (report.vector) {
    case interface::kPanicVector:
        return print(out, "panic: a bug or broken data of the kernel's; the rescue took over");
    case interface::kBrokenCodeVector:
        return print(out, "the kernel's code was overwritten; the rescue took over");
    case kDoubleFault:
        say(out, "{} at EIP {}: the CPU could enter no handler of the kernel's",
            exception_name(report.vector), Hex{report.eip});
        break;
    default:
        say(out, "{} at EIP {}: {}", exception_name(report.vector), Hex{report.eip},
            report.called == 0 ? "no command gets over it" : "the kernel could not deal with it");
        break;
    }
    print(out, "; the rescue took over");
}

void put_interrupt(Output& out, bool from_console, bool command) {
    if (!command) {
        return print(out, from_console ? "NMI: the console sent it, but the command had ended by then\n"
                                       : "NMI: no command was running\n");
    }
    print(out, from_console
                   ? "NMI: the console ended the command; its changes were taken back\n"
                   : "NMI, not the console's: the command was ended and its changes were taken back\n");
}

void put_json(Output& out, const RescueReport& report) {
    const std::optional<Failure> failure = find_failure(report);
    say(out, R"({"record":"rescue","v":1,"vector":{},"eip":"{}","esp":"{}","cr2":"{}","cr3":"{}",)",
        Decimal{report.vector}, Hex{report.eip}, Hex{report.esp}, Hex{report.cr2}, Hex{report.cr3});
    if (failure) {
        say(out, R"("blame":"{}",)", step_name(failure->walk, *failure->walk.last()));
    } else {
        print(out, R"("blame":null,)");
    }
    say(out, R"("repairs":{},"text":")", Decimal{report.repairs.total});
    put_cause(out, report);
    print(out, "\"}\n");
}

} // namespace

void report_rescue(Output& out, const RescueReport& report, bool command, bool json) {
    if (json && report.vector != kNonMaskable) {
        return put_json(out, report);
    }
    if (report.vector == kNonMaskable) {
        put_interrupt(out, report.from_host != 0, command);
        return put_repairs(out, report.repairs);
    }
    put_cause(out, report);
    print(out, "\n");
    if (report.unknown_directory != 0) {
        say(out, "CR3 {} was the address of no directory\n", Hex{report.cr3});
    }
    if (const std::optional<Failure> failure = find_failure(report)) {
        say(out, "the CPU could not {}:\n", failure->what);
        write_text(out, failure->walk);
    }
    put_repairs(out, report.repairs);
    if (report.restarted != 0) {
        print(out,
              "it died again before a command had ended: the kernel's data was made anew; the line that ran "
              "is lost\n");
    }
    print(out, command ? "the command was ended and its changes were taken back; your mappings live on\n"
                       : "your mappings live on\n");
}

void report_repairs(Output& out, const Repairs& repairs, bool json) {
    if (json) {
        say(out,
            R"({"record":"error","v":1,"text":"the kernel stands on what the command broke: {} put right"})",
            Count{repairs.total, "word"});
        return print(out, "\n");
    }
    print(out,
          "the kernel stands on what the command broke: it was put right, and the command's changes were "
          "taken back\n");
    put_repairs(out, repairs);
}

} // namespace pagelab::shell

// strategy: the ways to a page table, told and measured.
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/commands/refusals.hpp"
#include "kernel/shell/table.hpp"

#include <algorithm>
#include <bit>

namespace pagelab::shell::handlers {
namespace {

using machine::BenchCost;
using machine::BenchReport;
using machine::kPatternNames;
using machine::kStrategyNames;

constexpr std::uint32_t kDefaultPages = 4096;
constexpr std::uint32_t kMostPages = 65536;

/// How a PTE is reached, and what that costs; in the order of the names.
constexpr std::array<const char*, kStrategyNames.size()> kWays = {
    "at 0xffc00000 + (va >> 12) * 4, without a look; costs slot 1023, 4 MiB of addresses",
    "a page beside the directory says where each table is mapped; costs it and an arena's table",
    "PDE 512 + n holds the address of slot n's table (MMURTL); costs the arena and half the addresses",
    "one scratch PTE is set to the table; costs an invlpg for each access, and no addresses",
    "each table lies at a fixed distance from its frame; costs a table per 4 MiB of RAM"};

std::string_view name_of(machine::Strategy strategy) {
    return kStrategyNames[static_cast<std::size_t>(strategy)];
}
std::string_view name_of(machine::Pattern pattern) {
    return kPatternNames[static_cast<std::size_t>(pattern)];
}

Status list(Invocation& invocation) {
    for (std::size_t i = 0; i < kWays.size(); ++i) {
        say(invocation.out, "{:12}{}\n", kStrategyNames[i], kWays[i]);
    }
    return Status::ok;
}

/// `total` for each of `pages`, in tenths, rounded. Bit by bit: a division of 64 bits would need a library
/// that the kernel lacks.
std::uint32_t tenths_of(std::uint64_t total, std::uint32_t pages) {
    total = total * 10 + pages / 2;
    std::uint64_t tenths = 0, rest = 0;
    for (std::uint64_t bit = 1ull << 63; bit != 0; bit >>= 1) {
        rest = rest << 1 | ((total & bit) != 0 ? 1 : 0);
        if (rest >= pages) {
            rest -= pages;
            tenths |= bit;
        }
    }
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(tenths, ~0u));
}

/// In a column of 9.
void put_ratio(Output& out, std::uint64_t total, std::uint32_t pages) {
    const std::uint32_t tenths = tenths_of(total, pages);
    say(out, "{:>7}.{}", Decimal{tenths / 10}, Decimal{tenths % 10});
}

/// `0/0/1`: INVLPGs for each page, with a decimal only where it is none or one on the average.
void put_invlpgs(Output& out, std::span<const BenchCost> costs, std::uint32_t pages) {
    Text<32> text;
    for (const BenchCost& cost : costs) {
        const std::uint32_t tenths = tenths_of(cost.invlpgs, pages);
        say(text, tenths % 10 == 0 ? "{}{}" : "{}{}.{}", text.empty() ? "" : "/", Decimal{tenths / 10},
            Decimal{tenths % 10});
    }
    say(out, "  {:12}", text);
}

void put_row(Output& out, const BenchReport& report, bool ticks) {
    const BenchCost costs[] = {report.map, report.walk, report.unmap};
    say(out, "{:12}{:12}", name_of(report.strategy), name_of(report.pattern));
    for (const BenchCost& cost : costs) {
        ticks ? put_ratio(out, cost.ticks, report.pages) : say(out, "        -");
    }
    put_invlpgs(out, costs, report.pages);
    say(out, "{:>8}{:>9}\n", Decimal{report.tables}, Decimal{report.extra_bytes});
}

void put_json(Output& out, const BenchReport& report, bool ticks) {
    const auto measured = [ticks](std::uint64_t value) {
        return ticks ? DecimalOrNull{value} : DecimalOrNull{std::nullopt};
    };
    say(out, R"({"record":"bench","v":1,"strategy":"{}","pattern":"{}","pages":{},"map_ticks":{},)",
        name_of(report.strategy), name_of(report.pattern), Decimal{report.pages}, measured(report.map.ticks));
    say(out, R"("walk_ticks":{},"unmap_ticks":{},"map_invlpgs":{},"walk_invlpgs":{},"unmap_invlpgs":{},)",
        measured(report.walk.ticks), measured(report.unmap.ticks), Decimal{report.map.invlpgs},
        Decimal{report.walk.invlpgs}, Decimal{report.unmap.invlpgs});
    say(out, "\"tables\":{},\"extra_bytes\":{},\"guarded_map_ticks\":{}}\n", Decimal{report.tables},
        Decimal{report.extra_bytes}, measured(report.guarded_map_ticks));
}

using Guarded = std::array<std::array<std::uint64_t, kPatternNames.size()>, kStrategyNames.size()>;

void put_guarded(Output& out, const Guarded& guarded, std::uint32_t pages) {
    say(out, "a map with guard, journal and records\n");
    for (std::size_t i = 0; i < guarded.size(); ++i) {
        say(out, "{:12}", kStrategyNames[i]);
        for (std::size_t j = 0; j < kPatternNames.size(); ++j) {
            put_ratio(out, guarded[i][j], pages);
            say(out, " {}", kPatternNames[j]);
        }
        say(out, "\n");
    }
}

/// So many that the tables of the scattered pattern, one for 64 pages, fit into half of a small memory.
std::uint32_t default_pages(const Machine& machine) {
    const std::uint32_t free = std::max(machine.frames().free, 1u);
    return std::min(kDefaultPages, std::bit_floor(free) * 32);
}

Status bench(Invocation& invocation) {
    std::uint32_t pages = default_pages(invocation.machine);
    if (invocation.args.count == 2) {
        const auto parsed = parse_times(invocation.args[1], kMostPages, "a number of pages");
        if (!parsed) {
            return invocation.error(parsed.error());
        }
        pages = *parsed;
    }
    const bool ticks = invocation.machine.ticks() != 0;
    const bool json = invocation.flags.json;
    Output& out = invocation.out;
    Guarded guarded{};
    for (std::size_t run = 0; run < kStrategyNames.size() * kPatternNames.size() && !invocation.poll();
         ++run) {
        const std::size_t strategy = run / kPatternNames.size(), pattern = run % kPatternNames.size();
        const auto report = invocation.machine.bench(static_cast<machine::Strategy>(strategy),
                                                     static_cast<machine::Pattern>(pattern), pages);
        if (!report) {
            return refuse(invocation, report.error());
        }
        if (run == 0 && !json) {
            say(out,
                "{}\n{}; for each of them\n"
                "strategy    pattern           map     walk    unmap  invlpg m/w/u  tables    bytes\n",
                ticks ? "ticks of the time stamp counter; under --icount: instructions"
                      : "no ticks: this CPU has no time stamp counter",
                Count{pages, "page"});
        }
        (json ? put_json : put_row)(out, *report, ticks);
        guarded[strategy][pattern] = report->guarded_map_ticks;
    }
    if (!json && ticks) {
        put_guarded(out, guarded, pages);
    }
    return Status::ok;
}

} // namespace

Status strategy(Invocation& invocation) {
    const std::string_view verb = invocation.args.count == 0 ? "list" : invocation.args[0];
    if (verb == "bench") {
        return bench(invocation);
    }
    if (verb != "list") {
        const std::string_view near = nearest_word(verb, "list bench");
        return near.empty() ? invocation.fail("'{}' is no verb of strategy; there are list and bench", verb)
                            : invocation.fail("'{}' is no verb of strategy; did you mean {}?", verb, near);
    }
    if (invocation.args.count == 2) {
        return invocation.fail("'{}' is one argument too many: strategy list", invocation.args[1]);
    }
    if (invocation.flags.json) {
        return invocation.fail("strategy list prints no records; did you mean strategy bench --json?");
    }
    return list(invocation);
}

} // namespace pagelab::shell::handlers

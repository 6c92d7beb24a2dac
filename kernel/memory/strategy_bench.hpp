// `strategy bench`: what the five ways to reach page tables cost, side by side. For the lab.
// Works in a space of its own kind, which is loaded for the time and gone afterwards, with every trace in the
// journal.
#pragma once

#include "kernel/memory/space_operations.hpp"
#include "kernel/memory/strategy_loops.hpp"

namespace pagelab::memory {

template <Hardware H>
class StrategyBench {
public:
    using Result = std::expected<machine::BenchReport, OperationError>;

    constexpr StrategyBench(H& hw, Scratch<H>& scratch, Spaces& spaces, Frames<H>& frames,
                            SpaceOperations<H>& operations, Changes<H>& changes, Transaction<H>& transaction)
        : hw_(hw), scratch_(scratch), spaces_(spaces), frames_(frames), operations_(operations),
          changes_(changes), transaction_(transaction) {}

    [[nodiscard]] Result run(Strategy strategy, machine::Pattern pattern, std::uint32_t pages) {
        const std::uint32_t start = transaction_.savepoint();
        machine::BenchReport report{.strategy = strategy, .pattern = pattern, .pages = pages};
        const auto problem = measure(report);
        transaction_.take_back(start);
        transaction_.forget_since(start);
        return problem ? Result{std::unexpected(*problem)} : Result{report};
    }

private:
    using Problem = std::optional<OperationError>;

    /// User addresses that every strategy has, the upper half's ending at 2 GiB.
    static constexpr std::uint32_t kFirst = 0x10000000;
    static constexpr std::uint32_t kPages = (0x80000000 - kFirst) / paging::kPageSize;
    /// Scattered pages lie as many apart, if there is room.
    static constexpr std::uint32_t kSpread = 16;
    /// What the pages lead to: nothing ever reads there.
    static constexpr std::uint32_t kLeaf = 0x00100000 | paging::bits::kPresent;
    /// Pages that the guarded path maps: frames of the kernel's image, which nobody takes or frees.
    static constexpr std::uint32_t kGuardedPages = 64;

    static LoopPages loop_pages(machine::Pattern pattern, std::uint32_t count) {
        if (pattern == machine::Pattern::sequential) {
            return {kFirst, count * paging::kPageSize, paging::kPageSize, count};
        }
        const std::uint32_t room = kPages / count;
        const std::uint32_t spread = room < kSpread ? room : kSpread;
        std::uint32_t stride = count * 5 / 8 | 1;
        while (greatest_common_divisor(stride, count) != 1) {
            stride += 1;
        }
        const std::uint32_t unit = spread * paging::kPageSize;
        return {kFirst, count * unit, stride % count * unit, count};
    }
    static std::uint32_t greatest_common_divisor(std::uint32_t a, std::uint32_t b) {
        while (b != 0) {
            const std::uint32_t rest = a % b;
            a = b;
            b = rest;
        }
        return a;
    }

    [[nodiscard]] Problem measure(machine::BenchReport& report) {
        const LoopPages pages = loop_pages(report.pattern, report.pages);
        const auto made = operations_.make(report.strategy);
        if (!made) {
            return made.error();
        }
        const auto loaded = operations_.use(made->number, true);
        if (!loaded) {
            return loaded.error();
        }
        report.extra_bytes = spaces_.loaded().extra_bytes();
        if (!make_tables(report, pages)) {
            return error(Refusal::no_frames);
        }
        if (!transaction_.breathe()) {
            return error(Refusal::interrupted);
        }
        const LoopResult empty = loop(LoopKind::empty, pages);
        report.map = timed(LoopKind::map, pages, empty);
        report.walk = timed(LoopKind::walk, pages, empty);
        report.unmap = timed(LoopKind::unmap, pages, empty);
        return measure_guarded(report);
    }

    /// A table for each slot that the pages reach; none of it is journaled, for the space goes as a whole.
    [[nodiscard]] bool make_tables(machine::BenchReport& report, const LoopPages& pages) {
        const std::uint32_t end = (pages.first + pages.span - 1) / paging::kLargePageSize;
        for (std::uint32_t pdi = pages.first / paging::kLargePageSize; pdi <= end; ++pdi) {
            const auto table = frames_.take(FrameRecord{FrameRole::table, 0});
            if (!table) {
                return false;
            }
            scratch_.zero(*table);
            transaction_.shield(*table);
            transaction_.write_new_pde(pdi, *table << 12 | bits::kPresent | bits::kWritable | bits::kUser);
            report.tables += 1;
        }
        return true;
    }

    LoopResult loop(LoopKind kind, const LoopPages& pages) {
        return run_loop(hw_, scratch_, spaces_.loaded(), kind, pages, kLeaf);
    }
    [[nodiscard]] machine::BenchCost timed(LoopKind kind, const LoopPages& pages, const LoopResult& empty) {
        const std::uint32_t before = hw_.invlpgs();
        const LoopResult result = loop(kind, pages);
        const std::uint64_t ticks = result.ticks > empty.ticks ? result.ticks - empty.ticks : 0;
        // An operation that found something else has done less: its time would be no measure.
        return {.ticks = result.done == pages.count ? ticks : 0, .invlpgs = hw_.invlpgs() - before};
    }

    [[nodiscard]] Problem measure_guarded(machine::BenchReport& report) {
        const MapRequest request{.va = VirtAddr{kFirst},
                                 .pa = PhysAddr{kLeaf & bits::kFrameMask},
                                 .attributes = {},
                                 .count = kGuardedPages,
                                 .options = {}};
        const std::uint64_t before = hw_.ticks();
        const auto mapped = changes_.map(request);
        if (!mapped) {
            return mapped.error();
        }
        report.guarded_map_ticks = (hw_.ticks() - before) * report.pages / kGuardedPages;
        return std::nullopt;
    }

    static OperationError error(Refusal refusal) {
        return {.refusal = refusal, .va = VirtAddr{0}, .pa = std::nullopt, .value = 0, .reason = {}};
    }

    H& hw_;
    Scratch<H>& scratch_;
    Spaces& spaces_;
    Frames<H>& frames_;
    SpaceOperations<H>& operations_;
    Changes<H>& changes_;
    Transaction<H>& transaction_;
};

} // namespace pagelab::memory

#include "kernel/selftest/matrix.hpp"

#include <optional>

namespace pagelab::selftest {
namespace {

using machine::Rig;
using machine::RigAnswer;
using machine::RigEntries;
using machine::RigPlan;
using machine::RigWritten;
using paging::PhysAddr;
using paging::VirtAddr;

/// What a register holds before an access: if it does so after a fault, nothing was loaded.
constexpr std::uint32_t kPoison = 0xdeadbeef;
constexpr std::uint32_t kPageFault = 14;

class Matrix {
public:
    Matrix(MatrixSet set, MatrixListener& listener, Rig& rig, const RigPlan& plan)
        : set_(set), listener_(listener), rig_(rig), plan_(plan), cpu_{.cr4 = plan.cr4, .limits = plan.cpu} {}

    MatrixCounts run() {
        std::uint32_t controls = 0;
        for_each_control(set_, cpu_, [&](const MatrixControl&) { ++controls; });
        listener_.begin(controls);
        MatrixCounts total;
        for_each_control(set_, cpu_, [&](const MatrixControl& control) {
            if (interrupted_) {
                return;
            }
            counts_ = {};
            try_all(control);
            if (!interrupted_) {
                total.add(counts_);
                listener_.tried(control, counts_);
            }
        });
        return total;
    }

private:
    /// A pair of entries has up to 30 combinations of 10 microseconds on the slower engine: a poll each 20
    /// milliseconds at most.
    static constexpr std::uint32_t kPairsPerPoll = 64;

    void try_all(const MatrixControl& control) {
        rig_.set_control(control.write_protect, control.cr4);
        const paging::PagingContext context{
            .control = {.cr0 = paging::cr0::kPaging | paging::cr0::kProtection |
                               (control.write_protect ? paging::cr0::kWriteProtect : 0),
                        .cr3 = static_cast<std::uint32_t>(plan_.directory.raw()),
                        .cr4 = control.cr4},
            .cpu = cpu_.limits};
        for_each_entries(set_, cpu_, control, [&](const MatrixEntries& bits) {
            pairs_ += 1;
            if (pairs_ % kPairsPerPoll == 0) {
                interrupted_ = interrupted_ || listener_.poll();
            }
            if (interrupted_) {
                return;
            }
            const PhysAddr upper = bits.large ? plan_.large_page : plan_.table;
            const RigEntries entries{.pde = static_cast<std::uint32_t>(upper.raw()) | bits.pde,
                                     .pte = static_cast<std::uint32_t>(plan_.small_page.raw()) | bits.pte};
            const paging::Walk cold = walk(context, entries);
            for_each_access(set_, control, bits, [&](const MatrixAccess& access) {
                try_one({.control = control, .access = access, .before = entries}, context, cold);
            });
        });
    }

    [[nodiscard]] paging::Walk walk(const paging::PagingContext& context, const RigEntries& entries) const {
        return paging::decode_walk(context, std::nullopt, plan_.page, entries.pde, entries.pte);
    }

    void try_one(MatrixTrial trial, const paging::PagingContext& context, const paging::Walk& cold) {
        rig_.set_entries(trial.before);
        rig_.flush_page();
        if (trial.access.warm) {
            static_cast<void>(rig_.access({}, kPoison));
            trial.before = rig_.entries();
        }
        const paging::Walk* now = &cold;
        std::optional<paging::Walk> warm;
        if (trial.access.warm) {
            now = &warm.emplace(walk(context, trial.before));
        }
        trial.predicted = paging::predict(*now, trial.access.access);
        sequence_ += 1;
        const bool writes = trial.access.access.kind == paging::AccessKind::write;
        const std::uint32_t value = writes ? sequence_ : kPoison;
        trial.answer = rig_.access(trial.access.access, value);
        trial.after = rig_.entries();
        counts_.combinations += 1;
        if (const auto difference = compare(trial, *now, value)) {
            counts_.differences[static_cast<std::size_t>(*difference)] += 1;
            if (*difference == Difference::unexplained) {
                listener_.unexplained(trial);
            }
        }
    }

    [[nodiscard]] std::optional<Difference> compare(const MatrixTrial& trial, const paging::Walk& walk,
                                                    std::uint32_t value) {
        const bool writes = trial.access.access.kind == paging::AccessKind::write;
        const RigWritten written = writes ? rig_.take_written() : RigWritten{};
        if (walk.outcome == paging::Outcome::reserved_bit && ignores_address_bits(trial, walk)) {
            return Difference::ignored_address_bits;
        }
        if (trial.answer.faulted != trial.predicted.fault) {
            return Difference::unexplained;
        }
        const bool data_right = trial.answer.faulted ? !leaked(trial.answer, written, value)
                                                     : reached_page(trial, walk, written, value);
        if (!data_right) {
            return Difference::unexplained;
        }
        const RigEntries expected{.pde = trial.predicted.pde_after,
                                  .pte = walk.step_count == 2 ? trial.predicted.pte_after : trial.before.pte};
        if (!trial.answer.faulted) {
            return trial.after == expected ? std::nullopt : std::optional{Difference::unexplained};
        }
        return compare_fault(trial, walk, expected);
    }

    [[nodiscard]] std::optional<Difference> compare_fault(const MatrixTrial& trial, const paging::Walk& walk,
                                                          const RigEntries& expected) const {
        const VirtAddr at{plan_.page.raw() + machine::rig_offset(trial.access.access)};
        const RigAnswer& answer = trial.answer;
        if (answer.vector != kPageFault || answer.cr2 != at.raw() || trial.after.pte != expected.pte) {
            return Difference::unexplained;
        }
        const bool without_p = walk.outcome == paging::Outcome::reserved_bit &&
                               answer.code == (trial.predicted.code & ~paging::fault_code::kProtection);
        if (answer.code != trial.predicted.code && !without_p) {
            return Difference::unexplained;
        }
        if (trial.after.pde != expected.pde) {
            const bool left = walk.step_count == 2 && trial.after.pde == trial.before.pde &&
                              (trial.after.pde | paging::bits::kAccessed) == expected.pde;
            return left && !without_p ? Difference::accessed_left_clear : Difference::unexplained;
        }
        return without_p ? std::optional{Difference::code_without_p} : std::nullopt;
    }

    /// Whether the CPU did what one with all 40 bits of PSE-36 would: only bits that this one has not were
    /// wrong. Where the access went nobody sees: no RAM lies there.
    [[nodiscard]] bool ignores_address_bits(const MatrixTrial& trial, const paging::Walk& narrow) const {
        paging::PagingContext wide = narrow.context;
        wide.cpu = {.pse36 = true, .physical_bits = 40};
        const paging::Walk walk_then = walk(wide, trial.before);
        const paging::Prediction then = paging::predict(walk_then, trial.access.access);
        return walk_then.has_page() && trial.answer.faulted == then.fault && trial.answer.code == then.code &&
               trial.after == RigEntries{.pde = then.pde_after, .pte = trial.before.pte};
    }

    [[nodiscard]] static bool leaked(const RigAnswer& answer, const RigWritten& written,
                                     std::uint32_t value) {
        return answer.value != value || written.small_page != 0 || written.other_page != 0;
    }

    /// Whether the access went to the page that the walk names, and to no other.
    [[nodiscard]] bool reached_page(const MatrixTrial& trial, const paging::Walk& walk,
                                    const RigWritten& written, std::uint32_t value) const {
        const PhysAddr page = walk.pa->frame_base();
        const bool small = page == plan_.small_page;
        if (!small && page != plan_.other_page) {
            return false;
        }
        if (trial.access.access.kind == paging::AccessKind::write) {
            return (small ? written.small_page : written.other_page) == value &&
                   (small ? written.other_page : written.small_page) == 0;
        }
        return trial.answer.value == (small ? machine::kSmallPageWord : machine::kOtherPageWord);
    }

    MatrixSet set_;
    MatrixListener& listener_;
    Rig& rig_;
    const RigPlan& plan_;
    MatrixCpu cpu_;
    MatrixCounts counts_;
    std::uint32_t pairs_ = 0;
    /// A word of its own for each write.
    std::uint32_t sequence_ = 0;
    bool interrupted_ = false;
};

} // namespace

std::expected<MatrixCounts, machine::OperationError> run_matrix(Rig& rig, MatrixSet set,
                                                                MatrixListener& listener) {
    const auto plan = rig.open();
    if (!plan) {
        return std::unexpected(plan.error());
    }
    const MatrixCounts counts = Matrix{set, listener, rig, *plan}.run();
    rig.close();
    return counts;
}

} // namespace pagelab::selftest

// Breaks the machine in the ways of machine/crash.hpp. For the lab. What the guard refuses is not done; what
// it lets pass the tiers behind (fault report, rescue) must survive.
#pragma once

#include "kernel/memory/guard.hpp"
#include "kernel/memory/transaction.hpp"

#include <expected>

namespace pagelab::memory {

template <Hardware H>
class Crasher {
public:
    constexpr Crasher(H& hw, Scratch<H>& scratch, Spaces& spaces, Transaction<H>& transaction,
                      Guard<H>& guard)
        : hw_(hw), scratch_(scratch), spaces_(spaces), transaction_(transaction), guard_(guard) {}

    void initialise(const KernelFacts& facts) { facts_ = facts; }

    /// Comes back only if the machine has survived, or if it was refused.
    [[nodiscard]] std::expected<void, OperationError> run(machine::Crash crash,
                                                          std::optional<std::uint32_t> argument, bool force) {
        using machine::Crash;
        std::uint32_t value = argument.value_or(machine::row_of(crash).usual.value_or(0));
        if (crash == Crash::cr3 && !argument) {
            const auto garbage = garbage_directory();
            if (!garbage) {
                return std::unexpected(OperationError{.refusal = Refusal::no_frames});
            }
            value = *garbage << 12;
        }
        if (const auto reason = guard_.crash(crash, value); reason && !force) {
            return std::unexpected(
                OperationError{.refusal = Refusal::guarded, .value = value, .reason = text_of(*reason)});
        }
        switch (crash) {
        case Crash::cr3:
            // First told, then done: behind it nothing can be told.
            hw_.lab_page().cr3 = value;
            break;
        case Crash::esp:
            flush_everything(hw_); // the guard asked the tables where the pushes will go
            break;
        case Crash::stack:
            unmap_kernel_page(facts_.stack);
            break;
        case Crash::handler:
            unmap_kernel_page(facts_.handlers);
            break;
        case Crash::text:
            for (std::uint32_t page = facts_.text.raw(); page < facts_.text_end.raw();
                 page += paging::kPageSize) {
                change_kernel_page(VirtAddr{page}, ~0u, bits::kWritable);
            }
            break;
        default:
            break;
        }
        hw_.crash(crash, value);
        return {};
    }

private:
    /// A frame of words that look like entries: each second one leads to the frame itself, the others to
    /// nothing. Only the lifeline's is right. Taken by the command, so that its rollback gives it back.
    [[nodiscard]] std::optional<Frame> garbage_directory() {
        static_cast<void>(transaction_.savepoint());
        const auto frame = transaction_.take(FrameRecord{FrameRole::data, FrameRecord::kHeld});
        if (!frame) {
            return std::nullopt;
        }
        constexpr std::uint32_t kNothing = 0xbadbad00;
        for (std::uint32_t index = 0; index < paging::kEntryCount; ++index) {
            const std::uint32_t itself = (*frame << 12) | bits::kPresent | bits::kWritable | bits::kUser;
            scratch_.set_entry(*frame, index, index % 2 == 0 ? kNothing : itself);
        }
        const std::uint32_t lifeline = interface::layout::kLifelineSlot;
        scratch_.set_entry(*frame, lifeline, scratch_.entry(spaces_.loaded().directory, lifeline));
        return frame;
    }

    void unmap_kernel_page(VirtAddr va) { change_kernel_page(va, 0, 0); }

    /// A PTE of the direct map, not journaled: the kernel's own table is no part of a transaction, the audit
    /// puts it right.
    void change_kernel_page(VirtAddr va, std::uint32_t keep, std::uint32_t set) {
        const std::uint32_t index = va.table_index();
        scratch_.set_entry(facts_.kernel_table, index,
                           (scratch_.entry(facts_.kernel_table, index) & keep) | set);
        hw_.invlpg(va);
    }

    H& hw_;
    Scratch<H>& scratch_;
    Spaces& spaces_;
    Transaction<H>& transaction_;
    Guard<H>& guard_;
    KernelFacts facts_{};
};

} // namespace pagelab::memory

// The rig over the hardware (kernel/machine/rig.hpp says what it is). For the lab.
// Its space is made, loaded and filled through the transaction, which takes all of it back. Two words are
// written past the books: the PDE and the PTE under test. The PTE lies in a frame that the books know as a
// page of data; the PDE is cleared before anything else is taken back.
#pragma once

#include "kernel/machine/rig.hpp"
#include "kernel/memory/changes.hpp"
#include "kernel/memory/space_operations.hpp"

namespace pagelab::memory {

template <Hardware H>
class Rig final : public machine::Rig {
public:
    constexpr Rig(H& hw, Scratch<H>& scratch, Spaces& spaces, Tables<H>& tables,
                  SpaceOperations<H>& operations, Changes<H>& changes, Transaction<H>& transaction)
        : hw_(hw), scratch_(scratch), spaces_(spaces), tables_(tables), operations_(operations),
          changes_(changes), transaction_(transaction) {}

    void initialise(const KernelFacts& facts) { user_code_ = facts.user_code; }

    [[nodiscard]] std::expected<machine::RigPlan, OperationError> open() override {
        start_ = transaction_.savepoint();
        const auto failed = build();
        if (failed) {
            transaction_.take_back(start_);
            transaction_.forget_since(start_);
            return std::unexpected(*failed);
        }
        directory_ = spaces_.loaded().directory;
        const Frame other = frame_behind(kOtherPage);
        page_ = VirtAddr::from_indices(kSlot, other % paging::kEntryCount);
        pte_ = VirtAddr{work(kTable).raw() + page_.table_index() * paging::kEntrySize};
        const VirtAddr code = scratch_.open(ScratchPage::user_code, frame_of(user_code_), bits::kUser);
        user_entry_ = VirtAddr{code.raw() + user_code_.frame_offset()};
        plant(work(kSmallPage), machine::kSmallPageWord);
        plant(work(kOtherPage), machine::kOtherPageWord);
        return machine::RigPlan{
            .page = page_,
            .directory = frame_address(directory_),
            .table = frame_address(frame_behind(kTable)),
            .small_page = frame_address(frame_behind(kSmallPage)),
            .other_page = frame_address(other),
            .large_page = frame_address(other & ~(paging::kEntryCount - 1)),
            .cpu = hw_.limits(),
            .cr4 = hw_.paging_cr4(),
        };
    }

    void close() override {
        if (directory_ == 0) {
            return;
        }
        abandon();
        scratch_.close(ScratchPage::user_code);
        transaction_.take_back(start_);
        transaction_.forget_since(start_);
    }
    /// The command ends without close: what the transaction knows nothing of is cleared, it does the rest.
    void abandon() {
        if (directory_ != 0) {
            scratch_.set_entry(directory_, kSlot, 0);
            directory_ = 0;
        }
    }

    void set_control(bool write_protect, std::uint32_t cr4) override {
        constexpr std::uint32_t kWp = paging::cr0::kWriteProtect;
        hw_.set_cr0((hw_.cr0() & ~kWp) | (write_protect ? kWp : 0));
        hw_.set_cr4((hw_.cr4() & ~hw_.paging_cr4()) | cr4);
    }
    void set_entries(const machine::RigEntries& entries) override {
        hw_.store(kPde, Unit::word, entries.pde);
        hw_.store(pte_, Unit::word, entries.pte);
    }
    [[nodiscard]] machine::RigEntries entries() override {
        return {hw_.load(kPde, Unit::word), hw_.load(pte_, Unit::word)};
    }
    void flush_page() override { hw_.invlpg(page_); }
    void reload_cr3() override { hw_.set_cr3(hw_.cr3()); }

    [[nodiscard]] machine::RigAnswer access(const paging::Access& access, std::uint32_t value) override {
        const VirtAddr at{page_.raw() + machine::rig_offset(access)};
        const bool by_stub = access.user && access.kind != paging::AccessKind::fetch;
        const AccessAnswer answer = hw_.access(access, at, value, by_stub ? user_entry_ : at, Unit::word);
        return {.faulted = answer.touch.faulted,
                .vector = answer.touch.vector,
                .code = answer.touch.code,
                .cr2 = answer.touch.cr2,
                .value = answer.value};
    }
    [[nodiscard]] machine::RigWritten take_written() override {
        return {take_written(kSmallPage), take_written(kOtherPage)};
    }

private:
    using Problem = std::optional<OperationError>;

    /// Slots of the user's part: the page under test, and the rig's view of its own pages.
    static constexpr std::uint32_t kSlot = 320;
    static constexpr std::uint32_t kWorkSlot = 64;
    static constexpr VirtAddr kPde{interface::layout::kDirectoryWindow.raw() + kSlot * paging::kEntrySize};
    /// The pages of that view.
    enum Page : std::uint32_t { kTable, kSmallPage, kOtherPage, kPages };

    static VirtAddr work(Page page) { return VirtAddr::from_indices(kWorkSlot, page); }
    [[nodiscard]] Frame frame_behind(Page page) { return frame_of(tables_.pte(work(page)).frame()); }

    [[nodiscard]] Problem build() {
        const auto made = operations_.make(Strategy::recursive);
        if (!made) {
            return made.error();
        }
        if (const auto used = operations_.use(made->number, true); !used) {
            return used.error();
        }
        if (const auto mapped = changes_.map({.va = work(kTable), .count = kPages}); !mapped) {
            return mapped.error();
        }
        // What is taken back ends with the registers as they are now.
        const bool room =
            transaction_.write_control(0, hw_.cr0()) && transaction_.write_control(4, hw_.cr4());
        return room ? Problem{}
                    : OperationError{.refusal = Refusal::journal_full,
                                     .va = VirtAddr{0},
                                     .pa = std::nullopt,
                                     .value = 0,
                                     .reason = {}};
    }

    /// The word that a read finds, and code for each ring that loads it into EDX.
    void plant(VirtAddr page, std::uint32_t word) {
        hw_.store(page, Unit::word, word);
        plant_code(VirtAddr{page.raw() + machine::rig_offset({.kind = paging::AccessKind::fetch})}, word,
                   kFetchByteKernel);
        plant_code(
            VirtAddr{page.raw() + machine::rig_offset({.kind = paging::AccessKind::fetch, .user = true})},
            word, kFetchByteUser);
    }
    void plant_code(VirtAddr at, std::uint32_t word, std::uint8_t end) {
        hw_.store(at, Unit::byte, kLoadEdx);
        hw_.store(VirtAddr{at.raw() + 1}, Unit::word, word);
        hw_.store(VirtAddr{at.raw() + 5}, Unit::byte, end);
    }

    [[nodiscard]] std::uint32_t take_written(Page page) {
        const VirtAddr at{work(page).raw() + machine::rig_offset({.kind = paging::AccessKind::write})};
        const std::uint32_t word = hw_.load(at, Unit::word);
        if (word != 0) {
            hw_.store(at, Unit::word, 0);
        }
        return word;
    }

    H& hw_;
    Scratch<H>& scratch_;
    Spaces& spaces_;
    Tables<H>& tables_;
    SpaceOperations<H>& operations_;
    Changes<H>& changes_;
    Transaction<H>& transaction_;

    PhysAddr user_code_;
    std::uint32_t start_ = 0;
    /// The rig's directory while it is open, else 0.
    Frame directory_ = 0;
    VirtAddr page_, pte_, user_entry_;
};

} // namespace pagelab::memory

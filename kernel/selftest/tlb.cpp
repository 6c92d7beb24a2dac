#include "kernel/selftest/tlb.hpp"

#include "kernel/paging/control.hpp"
#include "kernel/paging/flags.hpp"

namespace pagelab::selftest {
namespace {

namespace bits = paging::bits;
using machine::Rig;
using machine::RigEntries;
using machine::RigPlan;
using paging::Access;
using paging::AccessKind;

constexpr Access kRead{};
constexpr Access kWrite{.kind = AccessKind::write};
constexpr Access kUserRead{.user = true};

/// How a stale translation shows in the access after the change.
enum class Shows : std::uint8_t {
    old_page,       // it reads what the page before holds
    no_fault,       // it does not fault, as the new entries would
    fault,          // it faults, as the new entries would not
    accessed_clear, // A stays clear
    dirty_clear     // D stays clear
};

/// Leaf bits before and after, besides P; the frame changes only where a page is to be seen.
struct Change {
    std::string_view name;
    std::uint32_t before = 0, after = 0;
    bool remaps = false;
    /// The access that fills the TLB, and the one that asks it.
    Access fills, asks;
    Shows shows{};
    /// What a flush must achieve for the manual's sake; without one there is no law but for new rights, which
    /// may fault spuriously and here never do.
    bool only_without_flush = false;
};

constexpr std::uint32_t kPage = bits::kPresent | bits::kWritable;
constexpr std::uint32_t kUsed = kPage | bits::kAccessed | bits::kDirty;

constexpr Change kChanges[] = {
    {"another frame", kPage, kPage, true, kRead, kRead, Shows::old_page},
    {"P 1 to 0", kPage, kPage & ~bits::kPresent, false, kRead, kRead, Shows::no_fault},
    {"RW 1 to 0", kUsed, kUsed & ~bits::kWritable, false, kWrite, kWrite, Shows::no_fault},
    {"US 1 to 0", kUsed | bits::kUser, kUsed, false, kUserRead, kUserRead, Shows::no_fault},
    {"D 1 to 0", kUsed, kUsed & ~bits::kDirty, false, kWrite, kWrite, Shows::dirty_clear},
    {"A 1 to 0", kUsed, kUsed & ~bits::kAccessed, false, kRead, kRead, Shows::accessed_clear},
    {"RW 0 to 1", kPage & ~bits::kWritable, kPage, false, kRead, kWrite, Shows::fault, true},
    {"P 0 to 1", kPage & ~bits::kPresent, kPage, false, kRead, kRead, Shows::fault, true},
};
/// The same as the first, with G: CR3 does not flush it where the CPU has global pages.
constexpr Change kGlobalRemap{
    "another frame, G", kPage | bits::kGlobal, kPage | bits::kGlobal, true, kRead, kRead, Shows::old_page};

class Tlb {
public:
    Tlb(TlbListener& listener, Rig& rig, const RigPlan& plan) : listener_(listener), rig_(rig), plan_(plan) {}

    void run() {
        const bool global = (plan_.cr4 & paging::cr4::kPge) != 0;
        rig_.set_control(true, global ? paging::cr4::kPge : 0);
        std::uint32_t facts = global ? 2 : 0;
        for (const Change& change : kChanges) {
            facts += change.only_without_flush ? 1 : 3;
        }
        listener_.begin(facts);
        for (const Change& change : kChanges) {
            count(change, TlbFlush::none, TlbLaw::engine_says);
            if (!change.only_without_flush) {
                count(change, TlbFlush::invlpg, TlbLaw::none_may);
                count(change, TlbFlush::cr3, TlbLaw::none_may);
            }
        }
        if (global) {
            count(kGlobalRemap, TlbFlush::cr3, TlbLaw::engine_says);
            count(kGlobalRemap, TlbFlush::invlpg, TlbLaw::none_may);
        }
    }

private:
    static constexpr std::uint32_t kRoundsPerPoll = 100;

    void count(const Change& change, TlbFlush flush, TlbLaw law) {
        TlbFact fact{.change = change.name, .flush = flush, .law = law};
        for (std::uint32_t round = 0; round < kTlbRounds; ++round) {
            if (round % kRoundsPerPoll == 0 && listener_.poll()) {
                return;
            }
            fact.stale += is_stale(change, flush) ? 1 : 0;
        }
        listener_.found(fact);
    }

    [[nodiscard]] bool is_stale(const Change& change, TlbFlush flush) {
        const std::uint32_t pde = low(plan_.table) | kPage | bits::kUser | bits::kAccessed;
        rig_.set_entries({.pde = pde, .pte = low(plan_.small_page) | change.before});
        rig_.flush_page();
        static_cast<void>(rig_.access(change.fills, 1));
        static_cast<void>(rig_.take_written());
        rig_.set_entries(
            {.pde = pde, .pte = low(change.remaps ? plan_.other_page : plan_.small_page) | change.after});
        if (flush == TlbFlush::invlpg) {
            rig_.flush_page();
        } else if (flush == TlbFlush::cr3) {
            rig_.reload_cr3();
        }
        const machine::RigAnswer answer = rig_.access(change.asks, 1);
        static_cast<void>(rig_.take_written());
        const RigEntries after = rig_.entries();
        switch (change.shows) {
        case Shows::old_page:
            return !answer.faulted && answer.value == machine::kSmallPageWord;
        case Shows::no_fault:
            return !answer.faulted;
        case Shows::fault:
            return answer.faulted;
        case Shows::accessed_clear:
            return (after.pte & bits::kAccessed) == 0;
        default:
            return (after.pte & bits::kDirty) == 0;
        }
    }

    static std::uint32_t low(paging::PhysAddr address) { return static_cast<std::uint32_t>(address.raw()); }

    TlbListener& listener_;
    Rig& rig_;
    const RigPlan& plan_;
};

} // namespace

std::expected<void, machine::OperationError> run_tlb(Rig& rig, TlbListener& listener) {
    const auto plan = rig.open();
    if (!plan) {
        return std::unexpected(plan.error());
    }
    Tlb{listener, rig, *plan}.run();
    rig.close();
    return {};
}

} // namespace pagelab::selftest

#include "kernel/shell/torture_commands.hpp"

#include "kernel/interface/layout.hpp"
#include "kernel/shell/reader.hpp"

#include <array>

namespace pagelab::shell {
namespace {

namespace bits = paging::bits;
namespace layout = interface::layout;
using interface::FrameRole;
using paging::Pde;
using paging::Pte;

/// Where most mappings come and go: few pages, so that commands meet each other's work.
constexpr std::uint32_t kUserSlot = 64;
constexpr std::uint32_t kUserSlots = 8;
constexpr std::uint32_t kUserPages = 16;
/// Below this many free frames it is time to give some back.
constexpr std::uint32_t kFewFrames = 512;
constexpr std::uint32_t kMostSpaces = 6;
/// Pages that a runaway push may overwrite.
constexpr std::uint32_t kMostPushed = 1024;

class Maker {
public:
    Maker(Line& out, Machine& machine, const interface::TortureState& state, Random& random)
        : out_(out), machine_(machine), state_(state), random_(random) {}

    void make() {
        do {
            out_.clear();
        } while (!try_one());
    }

private:
    struct Choice;
    static const std::array<Choice, 13> kChoices;

    bool try_one();
    bool one_of(std::uint32_t n) { return random_.below(n) == 0; }
    template <std::size_t N>
    const char* any(const std::array<const char*, N>& words) {
        return words[random_.below(N)];
    }

    // --- the witnesses are nobody's business ---------------------------------------------------------------
    [[nodiscard]] bool spares_physical(std::uint64_t first, std::uint64_t bytes) const {
        const auto meets = [&](std::uint64_t at, std::uint64_t size) {
            return first < at + size && at < first + bytes;
        };
        for (const std::uint32_t frame : state_.frames) {
            if (meets(frame, paging::kPageSize)) {
                return false;
            }
        }
        for (const std::uint32_t table : state_.tables) {
            if (meets(table, paging::kPageSize)) {
                return false;
            }
        }
        return !meets(state_.directory + state_.first_slot * paging::kEntrySize,
                      interface::kWitnessSlots * paging::kEntrySize);
    }
    /// The bytes at an address, and the entries that lead there: also not by a table under another slot.
    [[nodiscard]] bool spares(std::uint32_t va, std::uint32_t bytes = 4) {
        for (std::uint64_t at = va; at < std::uint64_t{va} + bytes;) {
            const VirtAddr place{static_cast<std::uint32_t>(at)};
            const std::uint64_t next = place.page_base().raw() + std::uint64_t{paging::kPageSize};
            const std::uint64_t end = next < std::uint64_t{va} + bytes ? next : std::uint64_t{va} + bytes;
            if (!spares_within_page(place, static_cast<std::uint32_t>(end - at))) {
                return false;
            }
            at = next;
        }
        return true;
    }
    [[nodiscard]] bool spares_within_page(VirtAddr va, std::uint32_t bytes) {
        const std::uint32_t slot = va.directory_index();
        if (slot >= state_.first_slot && slot < state_.first_slot + interface::kWitnessSlots) {
            return false;
        }
        const paging::Walk walk = walk_now(machine_, va, false);
        for (std::uint32_t i = 0; i < walk.step_count; ++i) {
            if (!spares_physical(walk.steps[i].entry_pa.raw(), paging::kEntrySize)) {
                return false;
            }
        }
        return !walk.has_page() || spares_physical(walk.pa->raw(), bytes);
    }
    /// As an entry it would lead to none of them, at either level.
    [[nodiscard]] bool spares_entry(std::uint32_t value) const {
        return spares_physical(value & ~0xfffu, paging::kPageSize) &&
               ((value & bits::kLarge) == 0 ||
                spares_physical(value & ~(paging::kLargePageSize - 1), paging::kLargePageSize));
    }

    // --- places ----------------------------------------------------------------------------------------
    std::uint32_t user_page() {
        return VirtAddr::from_indices(kUserSlot + random_.below(kUserSlots), random_.below(kUserPages)).raw();
    }
    /// Where it hurts: the kernel, its stack, the lifeline, the windows, the directory; or anywhere.
    std::uint32_t hostile_address() {
        constexpr std::uint32_t kImage = 0xc0100000;
        constexpr std::uint32_t kImageBytes = 0xb0000;
        switch (random_.below(12)) {
        case 0:
        case 1:
            return kImage + random_.below(kImageBytes);
        case 2:
            return machine_.symbol("main_stack_top").value_or(VirtAddr{kImage}).raw() - random_.below(0x2000);
        case 3:
            return VirtAddr::from_indices(layout::kLifelineSlot, 0).raw() + random_.below(0x100000);
        case 4:
            return layout::kTableWindow.raw() + random_.below(0x400000);
        case 5:
            return layout::kDirectoryWindow.raw() + random_.below(0x1000);
        case 6:
            return layout::kDirectMap.raw() + random_.below(0x400000);
        case 7:
            return layout::kScratch.raw() + random_.below(0x10000);
        case 8:
            return layout::kTableWindow.raw() + ((kUserSlot + random_.below(kUserSlots)) << 12) +
                   random_.below(kUserPages * 4);
        case 9:
        case 10:
            return user_page() + random_.below(0x1000);
        default:
            return random_.next();
        }
    }
    std::uint32_t entry_at(PhysAddr table, std::uint32_t index) {
        return machine_.read_word(table.plus(paging::entry_offset(index))).value_or(0);
    }
    /// A page table of the current space, or a page; 0 if it drew none.
    std::uint32_t some_table() {
        const Pde pde{
            entry_at(machine_.context().control.directory(), kUserSlot + random_.below(kUserSlots))};
        return pde.kind(machine_.context()) == paging::EntryKind::table
                   ? static_cast<std::uint32_t>(pde.table().raw())
                   : 0;
    }
    std::uint32_t some_page() {
        const std::uint32_t table = some_table();
        const Pte pte{table != 0 && machine_.is_ram(PhysAddr{table})
                          ? entry_at(PhysAddr{table}, random_.below(kUserPages))
                          : 0};
        return pte.present() ? pte.raw() & ~0xfffu : 0;
    }
    std::uint32_t hostile_frame() {
        constexpr std::uint32_t kImage = 0x100000;
        constexpr std::uint32_t kImageBytes = 0xb0000;
        const auto ram_end = static_cast<std::uint32_t>(machine_.ram_end().raw() >> 12);
        switch (random_.below(8)) {
        case 0:
            return kImage + (random_.below(kImageBytes) & ~0xfffu);
        case 1:
            return static_cast<std::uint32_t>(machine_.context().control.directory().raw());
        case 2:
            return entry_at(machine_.context().control.directory(), layout::kFirstKernelSlot) & ~0xfffu;
        case 3:
            return some_table();
        case 4:
        case 5:
            return some_page();
        case 6:
            return random_.below(ram_end) << 12;
        default:
            return random_.next() & ~0xfffu;
        }
    }
    std::uint32_t any_entry() {
        switch (random_.below(8)) {
        case 0:
            return 0;
        case 1:
            return random_.next();
        case 2:
        case 3:
        case 4:
            return some_page() | bits::kPresent | (random_.next() & (bits::kWritable | bits::kUser));
        case 5:
            return hostile_frame() | (random_.next() & 0xfff) | bits::kPresent;
        default:
            return hostile_frame() | bits::kPresent | bits::kWritable | (random_.next() & bits::kUser);
        }
    }
    /// Mostly small numbers and entries.
    std::uint32_t any_value() { return one_of(2) ? random_.next() : any_entry(); }

    /// `in N` now and then.
    void put_space() {
        if (one_of(16)) {
            say(out_, "in {} ", Decimal{random_.below(kMostSpaces)});
        }
    }
    [[nodiscard]] bool space_exists(std::uint32_t number) {
        const bool exists = machine_.work_in(number).has_value();
        (void)machine_.work_in(machine_.space());
        return exists;
    }
    const char* rights() {
        static constexpr std::array<const char*, 8> kRights = {"r",   "rw",  "rwu",    "ru",
                                                               "rwg", "rwu", "rwu,nc", "rw,wt"};
        return any(kRights);
    }

    // --- commands --------------------------------------------------------------------------------------
    /// A change of the user's pages that can be done, most of the time.
    bool change() {
        const std::uint32_t va = user_page();
        if (!spares(va)) {
            return false;
        }
        const paging::Walk walk = walk_now(machine_, VirtAddr{va}, false);
        put_space();
        if (one_of(16)) {
            // What stands in the way of all else, foreign tables and 4 MiB pages, goes now and then.
            say(out_, "setpde {} 0", Decimal{va >> 22});
            return true;
        }
        if (walk.has_page()) {
            return change_page(va & ~(walk.page_size - 1));
        }
        return change_hole(va, walk.step_count == 2);
    }
    bool change_page(std::uint32_t va) {
        switch (random_.below(8)) {
        case 0:
        case 1:
            say(out_, "unmap {}", Hex{va});
            return true;
        case 2:
            say(out_, "noflush unmap {}", Hex{va});
            return true;
        case 3:
        case 4:
            say(out_, "protect {} {}", Hex{va}, rights());
            return true;
        case 5:
            say(out_, "noflush protect {} {}", Hex{va}, one_of(2) ? "-w" : "+u");
            return true;
        case 6:
            say(out_, "force map {} {}", Hex{va}, rights());
            return true;
        default:
            return put_entry("setpte", va);
        }
    }
    bool change_hole(std::uint32_t va, bool table) {
        const std::uint32_t page = some_page();
        switch (random_.below(8)) {
        case 0:
            if (page == 0 || !spares_physical(page, paging::kPageSize)) {
                return false;
            }
            say(out_, "map {} {} {}", Hex{va}, PhysAddr{page}, rights());
            return true;
        case 1:
            say(out_, "map {} rwu,big", Hex{va & ~(paging::kLargePageSize - 1)});
            return true;
        case 2:
            return put_entry(table ? "setpte" : "setpde", table ? va : va >> 22);
        default:
            say(out_, one_of(4) ? "noflush map {} {} {}" : "map {} {} {}", Hex{va}, rights(),
                Decimal{1 + random_.below(4)});
            return true;
        }
    }
    bool put_entry(const char* command, std::uint32_t place) {
        const std::uint32_t value = any_entry();
        if (!spares_entry(value)) {
            return false;
        }
        if (place < paging::kEntryCount) {
            say(out_, "{} {} {}", command, Decimal{place}, Hex{value});
        } else {
            say(out_, "{} {} {}", command, Hex{place}, Hex{value});
        }
        return true;
    }
    bool directory_slot() {
        constexpr std::array<std::uint32_t, 3> kKernels = {768, 1023, 1022};
        const std::uint32_t slot = one_of(2)   ? kUserSlot + random_.below(kUserSlots)
                                   : one_of(8) ? random_.below(paging::kEntryCount)
                                               : kKernels[random_.below(8) / 4 + (one_of(16) ? 1 : 0)];
        if (slot >= state_.first_slot && slot < state_.first_slot + interface::kWitnessSlots) {
            return false;
        }
        return put_entry("setpde", slot);
    }
    bool kernel_entry() {
        const std::uint32_t va = hostile_address() & ~0xfffu;
        if (!spares(va)) {
            return false;
        }
        switch (random_.below(4)) {
        case 0:
            say(out_, "unmap {}", Hex{va});
            return true;
        case 1:
            say(out_, "protect {} {}", Hex{va}, rights());
            return true;
        default:
            return put_entry("setpte", va < paging::kEntryCount ? user_page() : va);
        }
    }
    bool poke() {
        const std::uint32_t va = hostile_address() & ~(one_of(8) ? 0u : 3u);
        const std::uint32_t value = any_value();
        if (!spares(va) || !spares_entry(value)) {
            return false;
        }
        say(out_, "poke {} {}", Hex{va}, Hex{value});
        return true;
    }
    bool poke_physical() {
        const std::uint32_t pa = hostile_frame() + (random_.below(paging::kPageSize) & ~3u);
        const std::uint32_t value = any_value();
        if (!spares_physical(pa, 4) || !spares_entry(value)) {
            return false;
        }
        say(out_, "poke {} {}", PhysAddr{pa}, Hex{value});
        return true;
    }
    bool fill() {
        const std::uint32_t va = one_of(2) ? user_page() : hostile_address() & ~3u;
        const std::uint32_t words = 1 + random_.below(512);
        const std::uint32_t value = any_value();
        if (!spares(va, words * 4) || !spares_entry(value)) {
            return false;
        }
        say(out_, "fill {} {} {}", Hex{va}, Hex{value}, Decimal{words});
        return true;
    }
    bool access() {
        static constexpr std::array<const char*, 5> kAccesses = {"touch {} r", "touch {} w",
                                                                 "touch {} x user", "probe {}", "peek {}"};
        const std::uint32_t va = hostile_address();
        if (!spares(va)) {
            return false;
        }
        say(out_, any(kAccesses), Hex{va});
        return true;
    }
    bool space() {
        const std::uint32_t number = random_.below(kMostSpaces);
        switch (random_.below(8)) {
        case 0:
        case 1:
            if (space_exists(kMostSpaces - 1)) {
                return false;
            }
            if (one_of(2)) {
                say(out_, "space new {}", machine::kStrategyNames[random_.below(5)]);
            } else {
                print(out_, one_of(2) ? "space clone" : "space cow");
            }
            return true;
        case 2:
            print(out_, "space use 0");
            return true;
        case 3:
            say(out_, "space use {}", Decimal{number});
            return true;
        default:
            say(out_, "space delete {}", Decimal{1 + random_.below(kMostSpaces - 1)});
            return true;
        }
    }
    bool undo() {
        // Never as far back as the witnesses' own mapping.
        if (state_.done < 100) {
            return false;
        }
        say(out_, "undo {}", Decimal{1 + random_.below(2)});
        return true;
    }
    bool control() {
        static constexpr std::array<const char*, 6> kCommands = {"cr0 wp off", "cr0 wp on",   "cr4 pse off",
                                                                 "cr4 pse on", "cr4 pge off", "cr4 pge on"};
        print(out_, any(kCommands));
        return true;
    }
    bool frames() {
        const auto ram_end = static_cast<std::uint32_t>(machine_.ram_end().raw() >> 12);
        for (int i = 0; i < 64; ++i) {
            const PhysAddr frame{static_cast<std::uint64_t>(random_.below(ram_end)) << 12};
            if (machine_.frame_record(frame).held()) {
                say(out_, "free {}", frame);
                return true;
            }
        }
        say(out_, "alloc {}", Decimal{1 + random_.below(4)});
        return true;
    }
    bool ask() {
        static constexpr std::array<const char*, 6> kCommands = {"walk {}",      "stale {}",    "invlpg {}",
                                                                 "flush global", "free tables", "flush"};
        say(out_, any(kCommands), Hex{hostile_address()});
        return true;
    }
    bool crash() {
        static constexpr std::array<const char*, 9> kPlain = {"stack", "handler", "recursion", "esp",  "ud",
                                                              "gp",    "div",     "cr3",       "flags"};
        print(out_, "crash ");
        switch (random_.below(16)) {
        case 0:
            print(out_, one_of(8) ? "text" : one_of(4) ? "idt" : "ud");
            return true;
        case 1:
        case 2:
        case 3:
            return push_from(hostile_address());
        case 4:
            return call_nothing();
        case 5:
            say(out_, "flags {}", Hex{random_.next()});
            return true;
        case 6:
            say(out_, "segments {}", Hex{random_.below(0x90)});
            return true;
        case 7:
            say(out_, "interrupt {}", Decimal{random_.below(one_of(2) ? 32 : 256)});
            return true;
        case 8:
            say(out_, "debug {}", Hex{hostile_address()});
            return true;
        case 9:
            say(out_, "cr0 {}", Hex{machine_.registers().cr0 ^ (1u << random_.below(32))});
            return true;
        case 10:
            say(out_, "cr4 {}",
                Hex{machine_.registers().cr4 ^ (one_of(8)   ? 0x100u
                                                : one_of(2) ? 0x10u
                                                            : 0x80u)});
            return true;
        case 11: {
            const std::uint32_t frame = hostile_frame();
            if (!machine_.is_ram(PhysAddr{frame}) || !spares_physical(frame, paging::kPageSize)) {
                return false;
            }
            say(out_, "cr3 {}", PhysAddr{frame});
            return true;
        }
        default:
            print(out_, any(kPlain));
            return true;
        }
    }

    /// Where nothing is: data that runs as code could end the emulator.
    bool call_nothing() {
        const std::uint32_t va = random_.next();
        if (walk_now(machine_, VirtAddr{va}, false).has_page()) {
            return false;
        }
        say(out_, "call {}", Hex{va});
        return true;
    }

    /// Pushes run down through every page that can be written.
    bool push_from(std::uint32_t esp) {
        std::uint32_t page = VirtAddr{esp - 4}.page_base().raw();
        for (std::uint32_t pages = 0; pages < kMostPushed; ++pages, page -= paging::kPageSize) {
            if (!spares(page, paging::kPageSize)) {
                return false;
            }
            if (!walk_now(machine_, VirtAddr{page}, false).kernel.w) {
                say(out_, "esp {}", Hex{esp});
                return true;
            }
        }
        return false;
    }

    /// Frames are short: gives back what only costs.
    bool give_back() {
        const std::uint32_t number = 1 + random_.below(machine::kMaxSpaces - 1);
        if (machine_.space() != 0) {
            print(out_, "space use 0");
        } else if (one_of(2) && space_exists(number)) {
            say(out_, "space delete {}", Decimal{number});
        } else if (one_of(2)) {
            return free_unreferenced();
        } else {
            say(out_, "setpde {} 0", Decimal{kUserSlot + random_.below(kUserSlots)});
        }
        return true;
    }
    /// Raw entries lose tables and pages without giving them back.
    bool free_unreferenced() {
        const auto ram_end = static_cast<std::uint32_t>(machine_.ram_end().raw() >> 12);
        const auto is_lost = [&](std::uint32_t frame) {
            const interface::FrameRecord record = machine_.frame_record(at(frame));
            return (record.role() == FrameRole::data || record.role() == FrameRole::table) &&
                   record.references() == 0;
        };
        const std::uint32_t start = random_.below(ram_end);
        for (std::uint32_t i = 0; i < ram_end; ++i) {
            const std::uint32_t first = (start + i) % ram_end;
            std::uint32_t count = 0;
            while (count < paging::kEntryCount && first + count < ram_end && is_lost(first + count)) {
                count += 1;
            }
            if (count != 0) {
                say(out_, "free {} {}", at(first), Decimal{count});
                return true;
            }
        }
        return false;
    }
    static PhysAddr at(std::uint32_t frame) { return PhysAddr{std::uint64_t{frame} << 12}; }

    Line& out_;
    Machine& machine_;
    const interface::TortureState& state_;
    Random& random_;
};

struct Maker::Choice {
    std::uint8_t weight;
    bool (Maker::*make)();
};

/// Of 256. Each gives false where what it drew would be the witnesses' business.
constinit const std::array<Maker::Choice, 13> Maker::kChoices = {{{150, &Maker::change},
                                                                  {14, &Maker::directory_slot},
                                                                  {13, &Maker::kernel_entry},
                                                                  {13, &Maker::poke},
                                                                  {10, &Maker::poke_physical},
                                                                  {5, &Maker::fill},
                                                                  {7, &Maker::access},
                                                                  {13, &Maker::space},
                                                                  {5, &Maker::undo},
                                                                  {3, &Maker::control},
                                                                  {5, &Maker::frames},
                                                                  {3, &Maker::ask},
                                                                  {15, &Maker::crash}}};

bool Maker::try_one() {
    if ((state_.options & interface::torture_options::kHang) != 0 && random_.below(20000) == 0) {
        print(out_, one_of(2) ? "crash loop" : "crash hlt");
        return true;
    }
    if (machine_.frames().free < kFewFrames) {
        return give_back();
    }
    std::uint32_t drawn = random_.below(256);
    for (const Choice& choice : kChoices) {
        if (drawn < choice.weight) {
            return (this->*choice.make)();
        }
        drawn -= choice.weight;
    }
    return false; // not reached: the weights are 256
}

} // namespace

VirtAddr witness_page(const interface::TortureState& state, std::uint32_t index) {
    // Each with holes around it, so that nothing runs into it from a neighbour.
    constexpr std::array<std::uint16_t, interface::kWitnessPages> kPages = {5, 9, 700, 1, 511, 77, 500, 502};
    constexpr std::array<std::uint8_t, interface::kWitnessPages> kSlots = {0, 0, 0, 1, 1, 2, 3, 3};
    return VirtAddr::from_indices(state.first_slot + kSlots[index], kPages[index]);
}

void put_torture_command(Line& line, Machine& machine, const interface::TortureState& state, Random& random) {
    Maker(line, machine, state, random).make();
}

} // namespace pagelab::shell

#include "serial-console/src/model/texts.hpp"

#include "kernel/interface/journal_text.hpp"
#include "kernel/paging/region_text.hpp"
#include "kernel/paging/slot_text.hpp"
#include "kernel/paging/walk_text.hpp"
#include "serial-console/src/model/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

namespace pagelab::console::model {
namespace {

/// A sink that makes lines.
class Lines {
public:
    void put(std::string_view text) {
        for (const char c : text) {
            if (c == '\n') {
                lines_.push_back(std::move(open_));
                open_.clear();
            } else {
                open_.push_back(c);
            }
        }
    }
    std::vector<std::string> take() {
        if (!open_.empty()) {
            lines_.push_back(std::move(open_));
        }
        return std::move(lines_);
    }

private:
    std::vector<std::string> lines_;
    std::string open_;
};

std::vector<std::string> without_picture(const State& state) {
    return {state.snapshot ? "there is no directory" : state.waiting};
}

struct BitName {
    unsigned bit;
    std::string_view name;
    std::string_view meaning;
};
constexpr std::array<BitName, 11> kCr0 = {{{31, "PG", "paging"},
                                           {30, "CD", "no caching"},
                                           {29, "NW", "no write-through"},
                                           {18, "AM", "alignment checks"},
                                           {16, "WP", "the kernel obeys read-only pages"},
                                           {5, "NE", "native FPU errors"},
                                           {4, "ET", "always 1"},
                                           {3, "TS", "task switched"},
                                           {2, "EM", "no FPU"},
                                           {1, "MP", "monitor FPU"},
                                           {0, "PE", "protected mode"}}};
constexpr std::array<BitName, 11> kCr4 = {{{21, "SMAP", "the kernel can't touch user pages"},
                                           {20, "SMEP", "the kernel can't run user pages"},
                                           {10, "OSXMMEXCPT", "SSE exceptions"},
                                           {9, "OSFXSR", "SSE state"},
                                           {7, "PGE", "global pages"},
                                           {6, "MCE", "machine checks"},
                                           {5, "PAE", "64-bit entries"},
                                           {4, "PSE", "4 MiB pages"},
                                           {3, "DE", "I/O breakpoints"},
                                           {1, "PVI", "virtual interrupts"},
                                           {0, "VME", "virtual 8086"}}};

template <std::size_t N>
std::string bit_names(std::uint32_t value, const std::array<BitName, N>& names) {
    std::string text;
    for (const BitName& name : names) {
        if (((value >> name.bit) & 1) != 0) {
            fmt::format_to(std::back_inserter(text), "{}{}", text.empty() ? "" : " ", name.name);
        }
    }
    return text.empty() ? "-" : text;
}

/// What two bits that paging depends on mean now.
template <std::size_t N>
std::string meanings(std::string_view reg, std::uint32_t value, const std::array<BitName, N>& names,
                     const std::array<unsigned, 2>& shown) {
    std::string line;
    for (const unsigned bit : shown) {
        const BitName& name = *std::ranges::find(names, bit, &BitName::bit);
        fmt::format_to(std::back_inserter(line), "  {}.{} {} {}", reg, name.name, (value >> bit) & 1,
                       name.meaning);
    }
    return line;
}

std::string eflags_names(std::uint32_t value) {
    constexpr std::array<BitName, 10> kEflags = {{{0, "CF", ""},
                                                  {2, "PF", ""},
                                                  {4, "AF", ""},
                                                  {6, "ZF", ""},
                                                  {7, "SF", ""},
                                                  {8, "TF", ""},
                                                  {9, "IF", ""},
                                                  {10, "DF", ""},
                                                  {11, "OF", ""},
                                                  {18, "AC", ""}}};
    return bit_names(value, kEflags);
}

} // namespace

std::vector<std::string> split_lines(std::string_view text) {
    Lines lines;
    lines.put(text);
    return lines.take();
}

std::vector<std::string> walk_lines(const State& state) {
    if (!state.snapshot) {
        return without_picture(state);
    }
    Lines lines;
    paging::write_text(lines, state.snapshot->walk(state.cursor));
    return lines.take();
}

std::vector<std::string> map_lines(const State& state) {
    if (!state.has_directory()) {
        return without_picture(state);
    }
    Lines lines;
    const paging::PagingContext& context = state.snapshot->lab.context;
    const paging::RegionQuery everything;
    paging::RegionLines told(lines, state.snapshot->tables, context, everything);
    for_each_region(*state.snapshot, [&](const paging::Region& region) {
        told.add(region);
        return true;
    });
    told.finish();
    return lines.take();
}

std::vector<std::string> log_lines(const State& state) {
    if (!state.snapshot || !state.snapshot->journal) {
        return {state.snapshot ? "this guest keeps no journal" : state.waiting};
    }
    if (state.snapshot->journal->empty()) {
        return {"the journal is empty"};
    }
    Lines lines;
    for (const interface::JournalRecord& record : *state.snapshot->journal) {
        interface::put_event(lines, record);
        lines.put("\n");
    }
    return lines.take();
}

std::string frame_counts(const State& state) {
    const auto counts = state.snapshot->frames->counts();
    std::string text = fmt::format("{} frames:", state.snapshot->frames->frames);
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] != 0) {
            fmt::format_to(std::back_inserter(text), "  {} {}", counts[i], interface::kFrameRoleNames[i]);
        }
    }
    return text;
}

std::vector<std::string> frame_lines(const State& state) {
    if (!state.snapshot || !state.snapshot->frames || state.snapshot->frames->frames == 0) {
        return {state.snapshot ? "this guest keeps no records of its frames" : state.waiting};
    }
    const FrameMap& map = *state.snapshot->frames;
    const std::uint64_t frame = std::min(state.frame_cursor, map.frames - 1);
    const paging::PhysAddr place{frame << 12};
    const interface::FrameRole role = map.role(frame);
    std::string text = fmt::format("p:0x{:08x}  {}", place.raw(),
                                   interface::kFrameRoleNames[static_cast<std::size_t>(role)]);
    if (role != interface::FrameRole::free && role != interface::FrameRole::reserved) {
        const std::uint32_t references = map.references(frame);
        fmt::format_to(std::back_inserter(text), ", {} reference{}", references, references == 1 ? "" : "s");
        if (frame < map.records.size() && map.records[frame].held()) {
            text += ", handed out by alloc";
        }
    }
    const auto users = aliases(*state.snapshot, place);
    std::string who = users.empty() ? "no page of this space shows it" : "shown at";
    constexpr std::size_t kMost = 5;
    for (std::size_t i = 0; i < std::min(users.size(), kMost); ++i) {
        fmt::format_to(std::back_inserter(who), " 0x{:08x}", users[i].raw());
    }
    if (users.size() > kMost) {
        fmt::format_to(std::back_inserter(who), " and {} more", users.size() - kMost);
    }
    return {std::move(text), std::move(who), frame_counts(state)};
}

std::vector<std::string> register_lines(const State& state) {
    if (!state.snapshot) {
        return without_picture(state);
    }
    const LabInfo& lab = state.snapshot->lab;
    const paging::ControlRegisters& control = lab.context.control;
    std::vector<std::string> lines;
    lines.push_back(fmt::format("cr0  0x{:08x}  {}", control.cr0, bit_names(control.cr0, kCr0)));
    if (state.registers) {
        lines.push_back(
            fmt::format("cr2  0x{:08x}  the address of the last page fault", state.registers->cr2));
    }
    lines.push_back(fmt::format("cr3  0x{:08x}  the directory of space {}, at p:0x{:08x}", control.cr3,
                                lab.space, control.directory().raw()));
    lines.push_back(fmt::format("cr4  0x{:08x}  {}", control.cr4, bit_names(control.cr4, kCr4)));
    lines.push_back(meanings("CR0", control.cr0, kCr0, {31, 16}));
    lines.push_back(meanings("CR4", control.cr4, kCr4, {7, 4}));
    if (!state.registers) {
        return lines;
    }
    const machine::CpuRegisters& cpu = *state.registers;
    lines.push_back(fmt::format("eip  0x{:08x}  eflags 0x{:08x} {}{}", cpu.eip, cpu.eflags,
                                eflags_names(cpu.eflags), cpu.halted ? "  waits in hlt" : ""));
    for (std::size_t i = 0; i < cpu.general.size(); i += 4) {
        std::string line;
        for (std::size_t j = i; j < i + 4; ++j) {
            fmt::format_to(std::back_inserter(line), "{}{} 0x{:08x}", j == i ? "" : "  ",
                           machine::kGeneralNames[j], cpu.general[j]);
        }
        lines.push_back(std::move(line));
    }
    lines.push_back(fmt::format("gdt 0x{:08x}  idt 0x{:08x}  tr 0x{:04x}  cs 0x{:04x}  ss 0x{:04x}",
                                cpu.gdt.base, cpu.idt.base, cpu.task.selector, cpu.cs, cpu.ss));
    return lines;
}

std::vector<std::string> directory_lines(const State& state) {
    if (!state.has_directory()) {
        return without_picture(state);
    }
    Lines lines;
    std::uint32_t used = 0;
    for (std::uint32_t pdi = 0; pdi < paging::kEntryCount; ++pdi) {
        const auto slot =
            paging::make_pde_slot(pdi, state.snapshot->slots[pdi].raw, state.snapshot->lab.context);
        if (slot.holds_something()) {
            ++used;
            paging::put_slot(lines, slot);
            lines.put("\n");
        }
    }
    paging::say(lines, "{} of 1024 slots in use\n", paging::Decimal{used});
    return lines.take();
}

std::vector<std::string> table_lines(const State& state) {
    if (!state.has_directory()) {
        return without_picture(state);
    }
    const Slot& slot = state.snapshot->slots[state.slot()];
    if (slot.table == nullptr) {
        Lines lines;
        const auto pde = paging::make_pde_slot(state.slot(), slot.raw, state.snapshot->lab.context);
        paging::say(lines, "PDE {} leads to no page table: ", paging::Decimal{state.slot()});
        paging::put_target(lines, pde.kind, pde.target);
        return lines.take();
    }
    Lines lines;
    std::uint32_t used = 0;
    for (std::uint32_t pti = 0; pti < paging::kEntryCount; ++pti) {
        const auto entry = paging::make_pte_slot(state.slot(), pti, slot.table->words[pti]);
        if (entry.holds_something()) {
            ++used;
            paging::put_slot(lines, entry);
            lines.put("\n");
        }
    }
    paging::say(lines, "{} of 1024 entries in use\n", paging::Decimal{used});
    return lines.take();
}

std::vector<std::string> view_lines(const State& state, View view) {
    switch (view) {
    case View::directory:
        return directory_lines(state);
    case View::table:
        return table_lines(state);
    case View::walk:
        return walk_lines(state);
    case View::maps:
        return map_lines(state);
    case View::frames:
        return frame_lines(state);
    case View::log:
        return log_lines(state);
    case View::check:
        return state.findings.lines;
    case View::regs:
        return register_lines(state);
    case View::answer:
        return state.answer.lines;
    }
    return {};
}

} // namespace pagelab::console::model

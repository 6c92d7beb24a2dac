#include "serial-console/src/machine/post_mortem.hpp"

#include "kernel/interface/journal_text.hpp"
#include "kernel/interface/rescue_notes.hpp"
#include "kernel/paging/walk.hpp"
#include "kernel/paging/walk_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string_view>
#include <utility>

namespace pagelab::console::machine {
namespace {

using paging::AccessKind;
using paging::PhysAddr;
using paging::VirtAddr;

/// Records of the journal that are shown.
constexpr std::uint32_t kRecords = 6;

struct Vector {
    std::uint32_t number;
    std::string_view name;
};
/// An exception in the delivery of #DF ends the machine; the others are what most often comes before.
constexpr std::array<Vector, 3> kVectors = {{{8, "#DF"}, {14, "#PF"}, {13, "#GP"}}};

/// Gates and descriptors, SDM 3A 3.5 and 6.11.
constexpr std::uint32_t kDescriptorBytes = 8;
constexpr std::uint32_t kSelectorMask = 0xfff8;
constexpr std::uint32_t kSystemPresent = 1u << 15;
constexpr std::uint32_t kTypeShift = 8;
constexpr std::uint32_t kTypeMask = 0x1f;
constexpr std::uint32_t kTaskGate = 0x05;
constexpr std::uint32_t kInterruptGate = 0x0e;
constexpr std::uint32_t kTrapGate = 0x0f;
constexpr std::uint32_t kTssBytes = 104;
constexpr std::uint32_t kPae = 1u << 5; ///< of CR4

std::string text_of(auto&& put) {
    paging::FixedText<256> text;
    put(text);
    return std::string(text.view());
}

/// What is in the way of the CPU, collected: things that one reason stops stand in one sentence.
class Obstacles {
public:
    void add(std::string thing, std::string reason) {
        const auto found = std::ranges::find(found_, reason, &Found::reason);
        if (found == found_.end()) {
            found_.push_back({std::move(reason), {std::move(thing)}});
        } else if (std::ranges::find(found->things, thing) == found->things.end()) {
            found->things.push_back(std::move(thing));
        }
    }

    /// Something that is there but wrong.
    void say(std::string sentence) { sentences_.push_back(std::move(sentence)); }

    [[nodiscard]] std::vector<std::string> sentences() const {
        std::vector<std::string> all = sentences_;
        for (const Found& found : found_) {
            std::string things = found.things.front();
            for (std::size_t i = 1; i < found.things.size(); ++i) {
                things += (i + 1 == found.things.size() ? " and " : ", ") + found.things[i];
            }
            all.push_back(fmt::format("could not be reached: {}: {}", things, found.reason));
        }
        return all;
    }

private:
    struct Found {
        std::string reason;
        std::vector<std::string> things;
    };
    std::vector<Found> found_;
    std::vector<std::string> sentences_;
};

/// The guest's memory as its CPU saw it.
class View {
public:
    View(const CpuRegisters& registers, const PhysicalReader& read) : registers_(registers), read_(read) {}

    [[nodiscard]] paging::Walk walk(std::uint32_t va, std::uint32_t cr3) const {
        const paging::PagingContext context{
            .control = {.cr0 = registers_.cr0, .cr3 = cr3, .cr4 = registers_.cr4},
            .cpu = {},
        };
        return paging::walk(read_, context, std::nullopt, VirtAddr{va});
    }

    /// Why the access is not possible; nothing if it is.
    [[nodiscard]] std::optional<std::string> obstacle(std::uint32_t va, AccessKind kind,
                                                      std::uint32_t cr3) const {
        const paging::Walk walk = this->walk(va, cr3);
        const paging::Prediction now = paging::predict(walk, {.kind = kind});
        if (now.fault) {
            const paging::Step& step = walk.steps[now.blame.value_or(0)];
            return text_of([&](auto& out) { put_reason(out, walk, step); });
        }
        const PhysAddr pa = walk.pa.value_or(PhysAddr{va});
        if (!read_(PhysAddr{pa.raw() & ~std::uint64_t{3}})) {
            return text_of([&](auto& out) { paging::say(out, "it leads to {}, where no RAM is", pa); });
        }
        return std::nullopt;
    }
    [[nodiscard]] std::optional<std::string> obstacle(std::uint32_t va, AccessKind kind) const {
        return obstacle(va, kind, registers_.cr3);
    }

    /// The word at a linear address; nothing if it can't be reached.
    [[nodiscard]] std::optional<std::uint32_t> word(std::uint32_t va) const {
        std::uint32_t value = 0;
        for (std::uint32_t i = 0; i < 4; ++i) {
            const paging::Walk at = walk(va + i, registers_.cr3);
            if (registers_.cr0 >> 31 != 0 && !at.has_page()) {
                return std::nullopt;
            }
            const std::uint64_t pa = at.pa.value_or(PhysAddr{va + i}).raw();
            const auto whole = read_(PhysAddr{pa & ~std::uint64_t{3}});
            if (!whole) {
                return std::nullopt;
            }
            value |= (*whole >> (8 * (pa & 3)) & 0xff) << (8 * i);
        }
        return value;
    }

private:
    template <class Sink>
    static void put_reason(Sink& out, const paging::Walk& walk, const paging::Step& step) {
        const paging::EntryName name = paging::step_name(walk, step);
        if (!step.raw) {
            paging::say(out, "{} lies beyond RAM, at {}", name, step.entry_pa);
            return;
        }
        paging::say(out, "{} is {}, ", name, paging::Hex{*step.raw});
        if (step.kind == paging::EntryKind::reserved) {
            paging::say(out, "with reserved bits set");
        } else if (step.kind == paging::EntryKind::not_present) {
            paging::say(out, "not present");
        } else {
            paging::say(out, "which forbids it");
        }
    }

    const CpuRegisters& registers_;
    const PhysicalReader& read_;
};

/// Follows what the CPU would do for an exception.
class Inspection {
public:
    Inspection(const CpuRegisters& registers, const PhysicalReader& read)
        : registers_(registers), view_(registers, read) {}

    Obstacles run() {
        for (const Vector& vector : kVectors) {
            inspect(vector);
        }
        need(AccessKind::write, registers_.esp() - 4,
             fmt::format("the stack at {}", hex(registers_.esp() - 4)));
        need(AccessKind::fetch, registers_.eip, fmt::format("the code at EIP {}", hex(registers_.eip)));
        return std::move(found_);
    }

private:
    static std::string hex(std::uint32_t value) { return fmt::format("{:#010x}", value); }

    bool need(AccessKind kind, std::uint32_t va, std::string thing, std::optional<std::uint32_t> cr3 = {}) {
        const auto why = view_.obstacle(va, kind, cr3.value_or(registers_.cr3));
        if (why) {
            found_.add(std::move(thing), *why);
        }
        return !why;
    }

    void inspect(const Vector& vector) {
        const std::uint32_t offset = vector.number * kDescriptorBytes;
        const std::string name = fmt::format("IDT entry {} ({})", vector.number, vector.name);
        if (offset + kDescriptorBytes - 1 > registers_.idt.limit) {
            if (!std::exchange(short_idt_, true)) {
                found_.say(fmt::format("the IDT at {} ends before {}: its limit is {:#x}",
                                       hex(registers_.idt.base), name, registers_.idt.limit));
            }
            return;
        }
        const std::uint32_t va = registers_.idt.base + offset;
        const auto low = view_.word(va);
        const auto high = view_.word(va + 4);
        if (!low || !high) {
            need(AccessKind::read, va, name);
            return;
        }
        const std::uint32_t type = *high >> kTypeShift & kTypeMask;
        if ((*high & kSystemPresent) == 0 ||
            (type != kTaskGate && type != kInterruptGate && type != kTrapGate)) {
            found_.say(fmt::format("{} is no gate: {:#010x} {:#010x}", name, *low, *high));
            return;
        }
        const std::uint32_t selector = *low >> 16;
        const auto descriptor = descriptor_of(selector, name);
        if (!descriptor) {
            return;
        }
        if (type == kTaskGate) {
            inspect_task(vector, descriptor->first, descriptor->second);
        } else {
            const std::uint32_t handler = (*high & 0xffff0000) | (*low & 0xffff);
            need(AccessKind::fetch, handler,
                 fmt::format("the handler of {} at {}", vector.name, hex(handler)));
        }
    }

    std::optional<std::pair<std::uint32_t, std::uint32_t>> descriptor_of(std::uint32_t selector,
                                                                         const std::string& user) {
        const std::uint32_t offset = selector & kSelectorMask;
        if (offset == 0 || offset + kDescriptorBytes - 1 > registers_.gdt.limit) {
            found_.say(fmt::format("{} names the selector {:#06x}, but the GDT at {} has the limit {:#x}",
                                   user, selector, hex(registers_.gdt.base), registers_.gdt.limit));
            return std::nullopt;
        }
        const std::uint32_t va = registers_.gdt.base + offset;
        const auto low = view_.word(va);
        const auto high = view_.word(va + 4);
        if (!low || !high) {
            need(AccessKind::read, va, fmt::format("the GDT at {}", hex(registers_.gdt.base)));
            return std::nullopt;
        }
        if ((*high & kSystemPresent) == 0) {
            found_.say(fmt::format("{} names the selector {:#06x}, whose descriptor is not present: {:#010x} "
                                   "{:#010x}",
                                   user, selector, *low, *high));
            return std::nullopt;
        }
        return std::pair{*low, *high};
    }

    /// A task of its own: with its own directory, stack and code, out of its TSS.
    void inspect_task(const Vector& vector, std::uint32_t low, std::uint32_t high) {
        constexpr std::uint32_t kCr3 = 0x1c, kEip = 0x20, kEsp = 0x38;
        const std::uint32_t tss = (low >> 16) | (high & 0xff) << 16 | (high & 0xff000000);
        const std::string name = fmt::format("the TSS of {} at {}", vector.name, hex(tss));
        if (!need(AccessKind::read, tss, name) || !need(AccessKind::read, tss + kTssBytes - 1, name) ||
            !need(AccessKind::write, registers_.task.base, "the TSS of the kernel")) {
            return;
        }
        const std::uint32_t cr3 = view_.word(tss + kCr3).value_or(0);
        const std::uint32_t eip = view_.word(tss + kEip).value_or(0);
        const std::uint32_t esp = view_.word(tss + kEsp).value_or(0);
        need(AccessKind::fetch, eip, fmt::format("the task of {} at {}", vector.name, hex(eip)), cr3);
        need(AccessKind::write, esp - 4, fmt::format("the stack of {}'s task", vector.name), cr3);
    }

    const CpuRegisters& registers_;
    View view_;
    Obstacles found_;
    bool short_idt_ = false;
};

/// The newest records of the ring, oldest first.
std::vector<std::string> journal_lines(const interface::LabPage& page, const PhysicalReader& read) {
    std::vector<std::string> lines;
    const PhysAddr ring{page.journal_pa};
    const auto next = read(ring.plus(offsetof(interface::JournalRing, next_sequence)));
    if (page.journal_pa % paging::kPageSize != 0 || !next || *next < 2) {
        return lines;
    }
    for (std::uint32_t sequence = *next > kRecords ? *next - kRecords : 1; sequence != *next; ++sequence) {
        std::array<std::uint32_t, sizeof(interface::JournalRecord) / 4> words{};
        const std::uint32_t slot = sequence % interface::kJournalCapacity;
        const PhysAddr at = ring.plus(offsetof(interface::JournalRing, records) +
                                      std::uint64_t{slot} * sizeof(interface::JournalRecord));
        bool whole = true;
        for (std::size_t i = 0; i < words.size(); ++i) {
            const auto word = read(at.plus(i * 4));
            whole = whole && word.has_value();
            words[i] = word.value_or(0);
        }
        const auto record = std::bit_cast<interface::JournalRecord>(words);
        if (whole && record.sequence == sequence) {
            lines.push_back(text_of([&](auto& out) { interface::put_event(out, record); }));
        }
    }
    return lines;
}

/// What the rescue has written down that is at work; nothing where it can't be believed.
std::optional<interface::RescueReport> rescue_report(const interface::LabPage& page,
                                                     const PhysicalReader& read) {
    std::array<std::uint32_t, sizeof(interface::RescueReport) / 4> words{};
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto word = read(PhysAddr{page.rescue_report_pa}.plus(i * 4));
        if (page.rescue_report_pa % paging::kPageSize != 0 || !word) {
            return std::nullopt;
        }
        words[i] = *word;
    }
    const auto depth = read(PhysAddr{page.rescue_report_pa}.plus(offsetof(interface::RescueNotes, depth)));
    const auto report = std::bit_cast<interface::RescueReport>(words);
    return depth.value_or(0) != 0 && report.magic == interface::RescueReport::kMagic ? std::optional{report}
                                                                                     : std::nullopt;
}

std::string rescue_text(const interface::RescueReport& report) {
    std::string cause = fmt::format("vector {}", report.vector);
    if (report.vector == interface::kPanicVector) {
        cause = "a panic";
    } else if (report.vector == interface::kBrokenCodeVector) {
        cause = "overwritten code";
    }
    std::string text =
        fmt::format("the rescue had been called for {} at EIP {:#010x}, ESP {:#010x}, CR2 {:#010x}; it had "
                    "put right {} words",
                    cause, report.eip, report.esp, report.cr2, report.repairs.total);
    if (report.nested != 0) {
        text += fmt::format(" and met {} exceptions of its own", report.nested);
    }
    return text;
}

std::string printable(std::string_view text) {
    std::string result;
    for (const char letter : text.substr(0, text.find('\0'))) {
        result.push_back(letter >= 0x20 && letter < 0x7f ? letter : '?');
    }
    return result;
}

} // namespace

bool died_in_rescue(const CpuRegisters& registers, const interface::LabPage& page) {
    return page.rescue_report_pa != 0 && (registers.cr0 >> 31) != 0 && registers.cr3 != page.cr3;
}

std::vector<std::string> obstacles(const CpuRegisters& registers, const PhysicalReader& read) {
    return Inspection(registers, read).run().sentences();
}

std::vector<std::string> post_mortem(const CpuRegisters& registers,
                                     const std::optional<interface::LabPage>& page,
                                     const PhysicalReader& read) {
    std::vector<std::string> lines;
    if (page && page->command_count != 0) {
        const bool ended = page->state == static_cast<std::uint32_t>(interface::LabState::prompt);
        lines.push_back(
            fmt::format("last command: `{}` (number {}{})",
                        printable(std::string_view(page->last_command.data(), page->last_command.size())),
                        page->command_count, ended ? ", it had ended" : ""));
    }
    if (page && died_in_rescue(registers, *page)) {
        lines.push_back(fmt::format("it died in the rescue: CR3 is p:{:#010x}, the kernel's was p:{:#010x}",
                                    registers.cr3, page->cr3));
        if (const auto report = rescue_report(*page, read)) {
            lines.push_back(rescue_text(*report));
        }
    }
    if ((registers.cr0 & 1) == 0) {
        lines.push_back(
            fmt::format("CR0 is {:#010x}: PE is 0, the CPU runs in real mode, where nothing of the lab is",
                        registers.cr0));
    } else if ((registers.cr4 & kPae) != 0 && (registers.cr0 >> 31) != 0) {
        lines.push_back(fmt::format(
            "CR4 is {:#010x}: PAE is 1, the CPU takes the lab's 32-bit directory for tables of another form",
            registers.cr4));
    } else {
        const std::vector<std::string> found = obstacles(registers, read);
        lines.insert(lines.end(), found.begin(), found.end());
        if (found.empty()) {
            lines.push_back("IDT, GDT, TSS, handlers, stack and code could all be reached through CR3");
        }
        if (registers.cr2 != 0) { // it may be long past
            const auto why = View(registers, read).obstacle(registers.cr2, AccessKind::read);
            lines.push_back(fmt::format("the last page fault was at {:#010x} (CR2): {}", registers.cr2,
                                        why.value_or("it could be read now")));
        }
    }
    if (page) {
        const std::vector<std::string> journal = journal_lines(*page, read);
        if (!journal.empty()) {
            lines.push_back("last records of the journal:");
            lines.insert(lines.end(), journal.begin(), journal.end());
        }
    }
    std::string general;
    for (std::size_t i = 0; i < kGeneralNames.size(); ++i) {
        general +=
            fmt::format("{}{} {:#010x}", i % 4 == 0 ? "" : "  ", kGeneralNames[i], registers.general[i]);
        if (i % 4 == 3) {
            lines.push_back(std::exchange(general, {}));
        }
    }
    lines.push_back(fmt::format("eip {:#010x}  eflags {:#010x}  cs {:#06x}  ss {:#06x}", registers.eip,
                                registers.eflags, registers.cs, registers.ss));
    lines.push_back(fmt::format("cr0 {:#010x}  cr2 {:#010x}  cr3 {:#010x}  cr4 {:#010x}", registers.cr0,
                                registers.cr2, registers.cr3, registers.cr4));
    lines.push_back(fmt::format("idt {:#010x} limit {:#x}  gdt {:#010x} limit {:#x}  tr {:#06x} at {:#010x}",
                                registers.idt.base, registers.idt.limit, registers.gdt.base,
                                registers.gdt.limit, registers.task.selector, registers.task.base));
    return lines;
}

} // namespace pagelab::console::machine

// Answers questions with the C++ core, for the comparison with the Python package (test_two_walks.py).
// stdin, decimal, per case: cr0 cr3 cr4 bits ram count (pa word)* va first end phys_first phys_end switches
// code stdout, per case: in text and JSON the walk, the maps (a tree with switch 16), who uses phys_first,
// what check finds, the slots, why an access to va with this error code faults; then a line "----".
#include "kernel/paging/aliases.hpp"
#include "kernel/paging/check_text.hpp"
#include "kernel/paging/checks.hpp"
#include "kernel/paging/explain.hpp"
#include "kernel/paging/region_text.hpp"
#include "kernel/paging/slot_text.hpp"
#include "kernel/paging/walk_text.hpp"

#include <cstdint>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <string_view>

using namespace pagelab::paging;

namespace {

struct SparseMemory {
    std::map<std::uint64_t, std::uint32_t> words;
    std::uint64_t ram = 0;

    std::optional<std::uint32_t> operator()(PhysAddr address) const {
        if (address.raw() + kEntrySize > ram) {
            return std::nullopt;
        }
        const auto found = words.find(address.raw());
        return found == words.end() ? 0 : found->second;
    }
};

struct TextSinkToString {
    std::string text;
    void put(std::string_view piece) { text += piece; }
};

/// Nothing is free, nothing is meant to show every frame.
struct PlainFacts {
    std::uint64_t ram = 0;
    bool is_ram(PhysAddr frame) const { return frame.raw() + kPageSize <= ram; }
    bool is_free(PhysAddr) const { return false; }
    bool is_own(VirtAddr) const { return false; }
    bool is_window(std::uint32_t) const { return false; }
};

std::uint64_t next() {
    std::uint64_t value = 0;
    std::cin >> value;
    return value;
}

std::uint32_t next32() {
    return static_cast<std::uint32_t>(next());
}

void answer(std::uint32_t cr0) {
    PagingContext context;
    context.control.cr0 = cr0;
    context.control.cr3 = next32();
    context.control.cr4 = next32();
    context.cpu.physical_bits = static_cast<std::uint8_t>(next());
    SparseMemory memory;
    memory.ram = next();
    for (std::uint64_t count = next(); count > 0; --count) {
        const std::uint64_t pa = next();
        memory.words[pa] = next32();
    }
    const VirtAddr va{next32()};
    RegionQuery query;
    query.range.first = VirtAddr{next32()};
    query.range.end = next();
    const PhysAddr phys_first{next()};
    const PhysAddr phys_end{next()};
    if (phys_end.raw() != 0) {
        query.phys = PhysRange{phys_first, phys_end};
    }
    const std::uint64_t switches = next();
    query.writable = (switches & 1) != 0;
    query.user = (switches & 2) != 0;
    const std::uint32_t code = next32();

    TextSinkToString sink;
    const Walk found = walk(memory, context, find_self_map(memory, context), va);
    write_text(sink, found);
    write_json(sink, found);
    sink.put("\n");
    query.accessed_dirty = (switches & 4) != 0;
    query.executable = (switches & 8) != 0;
    query.by_slot = (switches & 16) != 0;
    write_maps_text(sink, memory, context, query);
    query.by_slot = false;
    const auto json = [&](const auto& record) {
        write_json(sink, record);
        sink.put("\n");
        return true;
    };
    for_each_region(memory, context, query, json);
    for_each_alias(memory, context, phys_first, [&](const Alias& alias) {
        put_alias(sink, alias);
        sink.put("\n");
        json(alias);
    });
    static CheckWorkspace workspace;
    for_each_finding(memory, context, PlainFacts{memory.ram}, workspace, [&](const Finding& finding) {
        put_finding(sink, finding);
        sink.put("\n");
        json(finding);
    });
    for (std::uint32_t pdi = 0; pdi < kEntryCount; ++pdi) {
        const Slot slot = make_pde_slot(
            pdi, memory(context.control.directory().plus(entry_offset(pdi))).value_or(0), context);
        if (slot.holds_something()) {
            put_slot(sink, slot);
            sink.put("\n");
            json(slot);
            write_entry_text(sink, slot);
            write_entry_json(sink, slot);
            sink.put("\n");
        }
    }
    const FaultExplanation fault = explain_fault(found, code, access_of_fault(code, va, std::nullopt));
    write_text(sink, fault);
    json(fault);
    std::cout << sink.text << "----\n";
}

} // namespace

int main() {
    std::uint64_t cr0 = 0;
    while (std::cin >> cr0) {
        answer(static_cast<std::uint32_t>(cr0));
    }
}

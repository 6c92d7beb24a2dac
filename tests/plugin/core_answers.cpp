// Answers questions with the C++ core, for the comparison with the Python package (test_two_walks.py).
// stdin, decimal, per case: cr0 cr3 cr4 bits ram count (pa word)* va first end phys_first phys_end switches
// stdout, per case: the walk in text and JSON, the maps in text and JSON, a line "----".
#include "kernel/paging/region_text.hpp"
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

    TextSinkToString sink;
    const Walk found = walk(memory, context, find_self_map(memory, context), va);
    write_text(sink, found);
    write_json(sink, found);
    sink.put("\n");
    write_maps_text(sink, memory, context, query);
    for_each_region(memory, context, query, [&](const Region& region) {
        write_json(sink, region);
        sink.put("\n");
        return true;
    });
    std::cout << sink.text << "----\n";
}

} // namespace

int main() {
    std::uint64_t cr0 = 0;
    while (std::cin >> cr0) {
        answer(static_cast<std::uint32_t>(cr0));
    }
}

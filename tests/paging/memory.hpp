// A guest's memory for tests of the core: words that were set, zero elsewhere, nothing beyond RAM.
#pragma once

#include "kernel/paging/walk.hpp"

#include <map>
#include <string>

namespace pagelab::tests {

struct Memory {
    std::uint64_t ram = 16u << 20;
    std::map<std::uint64_t, std::uint32_t> words;

    std::optional<std::uint32_t> operator()(paging::PhysAddr pa) const {
        if (pa.raw() + 4 > ram) {
            return std::nullopt;
        }
        const auto found = words.find(pa.raw());
        return found == words.end() ? 0 : found->second;
    }
};

/// A sink that keeps what it is given.
struct Text {
    std::string text;
    void put(std::string_view piece) { text += piece; }
};

/// A directory at 0x105000 with paging, WP and PSE on, and the self-map in slot 1023.
struct Guest {
    static constexpr std::uint32_t kDirectory = 0x105000;
    Memory memory;
    paging::PagingContext context{
        .control = {.cr0 = 0x80010001, .cr3 = kDirectory, .cr4 = paging::cr4::kPse | paging::cr4::kPge}};

    Guest() { pde(1023, kDirectory | 3); }
    void pde(std::uint32_t index, std::uint32_t value) { memory.words[kDirectory + index * 4] = value; }
    /// Writes a PTE into the table that the PDE names.
    void pte(std::uint32_t pdi, std::uint32_t pti, std::uint32_t value) {
        memory.words[(memory.words[kDirectory + pdi * 4] & 0xfffff000) + pti * 4] = value;
    }
    [[nodiscard]] paging::Walk walk(std::uint32_t va) const {
        return paging::walk(memory, context, paging::find_self_map(memory, context), paging::VirtAddr{va});
    }
};

} // namespace pagelab::tests

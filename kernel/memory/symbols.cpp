#include "kernel/memory/symbols.hpp"

#include "kernel/arch/x86/image.hpp"

#include <cstring>

namespace pagelab::memory {

// The table: an address (4 bytes, little-endian) and a zero-terminated name, one after the other.
std::optional<paging::VirtAddr> find_symbol(std::string_view name) {
    for (const char* at = symbols_start; at < symbols_end;) {
        std::uint32_t address = 0;
        std::memcpy(&address, at, sizeof(address));
        const std::string_view candidate{at + sizeof(address)};
        if (candidate == name) {
            return paging::VirtAddr{address};
        }
        at += sizeof(address) + candidate.size() + 1;
    }
    return std::nullopt;
}

} // namespace pagelab::memory

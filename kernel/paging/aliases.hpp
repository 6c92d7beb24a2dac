// Who uses a frame: every page that shows a physical address, every PDE that uses its frame as a table, and
// CR3. For shell and console (`find`). Pure; visits each present entry once.
#pragma once

#include "kernel/paging/walk_text.hpp"

#include <optional>

namespace pagelab::paging {

struct Alias {
    enum class Use : std::uint8_t { page, table, directory } use{};
    PhysAddr pa; // as asked
    VirtAddr va; // page: the address that leads to `pa`; table: the first address that the PDE translates
    std::uint16_t pdi = 0;
    std::optional<std::uint16_t> pti; // the leaf of a 4 KiB page
    std::uint32_t page_size = 0;      // of a page
    Rights kernel;
    Rights user;
};

/// Calls `emit(const Alias&)` for each use of the byte or frame at `pa`, in the order of addresses.
template <WordReader R, class Emit>
constexpr void for_each_alias(R& read, const PagingContext& context, PhysAddr pa, Emit emit) {
    const PhysAddr frame = pa.frame_base();
    for (std::uint32_t pdi = 0; pdi < kEntryCount; ++pdi) {
        const auto raw = read(context.control.directory().plus(entry_offset(pdi)));
        if (!raw) {
            continue;
        }
        const Pde pde{*raw};
        CombinedBits combined;
        combined.combine(pde);
        Alias alias{.pa = pa, .pdi = static_cast<std::uint16_t>(pdi)};
        const auto page = [&](VirtAddr va, std::uint32_t size, const CombinedBits& bits) {
            alias.use = Alias::Use::page;
            alias.va = va;
            alias.page_size = size;
            alias.kernel = kernel_rights(bits, context.control);
            alias.user = user_rights(bits);
            emit(alias);
        };
        if (pde.kind(context) == EntryKind::page) {
            const std::uint64_t first = pde.large_frame(context).raw();
            if (pa.raw() >= first && pa.raw() < first + kLargePageSize) {
                const auto offset = static_cast<std::uint32_t>(pa.raw() - first);
                page(VirtAddr{(pdi << 22) + offset}, kLargePageSize, combined);
            }
            continue;
        }
        if (pde.kind(context) != EntryKind::table) {
            continue;
        }
        if (pde.table() == frame) {
            alias.use = Alias::Use::table;
            alias.va = VirtAddr::from_indices(pdi, 0);
            emit(alias);
        }
        for (std::uint32_t pti = 0; pti < kEntryCount; ++pti) {
            const Pte pte{read(pde.table().plus(entry_offset(pti))).value_or(0)};
            if (pte.present() && pte.frame() == frame) {
                CombinedBits both = combined;
                both.combine(pte);
                alias.pti = static_cast<std::uint16_t>(pti);
                page(VirtAddr::from_indices(pdi, pti, pa.frame_offset()), kPageSize, both);
            }
        }
    }
    if (context.control.directory() == frame) {
        emit(Alias{.use = Alias::Use::directory, .pa = pa});
    }
}

/// One line of `find`, without its newline.
template <TextSink S>
void put_alias(S& sink, const Alias& alias) {
    if (alias.use == Alias::Use::directory) {
        say(sink, "directory in CR3");
        return;
    }
    if (alias.use == Alias::Use::table) {
        say(sink, "table in {} ({})", EntryName{alias.pdi}, alias.va);
        return;
    }
    say(sink, "{}  {}  {}", alias.va, Size{alias.page_size}, EntryName{alias.pdi});
    if (alias.pti) {
        say(sink, " {}", EntryName{alias.pdi, alias.pti});
    }
    say(sink, "  kernel {}  user {}", alias.kernel, alias.user);
}

template <TextSink S>
void write_json(S& sink, const Alias& alias) {
    constexpr std::array<const char*, 3> kUses = {"page", "table", "directory"};
    const bool page = alias.use == Alias::Use::page;
    const bool directory = alias.use == Alias::Use::directory;
    say(sink, R"({"record":"alias","v":1,"pa":{},"use":"{}","va":{},"page_size":{},)", HexOrNull{alias.pa},
        kUses[static_cast<std::size_t>(alias.use)], directory ? HexOrNull{std::nullopt} : HexOrNull{alias.va},
        DecimalOrNull{page, alias.page_size});
    say(sink, page ? R"("kernel":"{}","user":"{}",)" : R"("kernel":null,"user":null,)", alias.kernel,
        alias.user);
    say(sink, R"("pdi":{},"pti":{}})", DecimalOrNull{!directory, alias.pdi},
        DecimalOrNull{alias.pti.has_value(), alias.pti.value_or(0)});
}

} // namespace pagelab::paging

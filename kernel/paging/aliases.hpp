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
constexpr void put_alias(S& sink, const Alias& alias) {
    if (alias.use == Alias::Use::directory) {
        sink.put("directory in CR3");
        return;
    }
    if (alias.use == Alias::Use::table) {
        sink.put("table in ");
        put_pde_name(sink, alias.pdi);
        sink.put(" (");
        put_address(sink, alias.va);
        sink.put(")");
        return;
    }
    put_address(sink, alias.va);
    sink.put("  ");
    put_size(sink, alias.page_size);
    sink.put("  ");
    put_pde_name(sink, alias.pdi);
    if (alias.pti) {
        sink.put(" ");
        put_pte_name(sink, alias.pdi, *alias.pti);
    }
    sink.put("  kernel ");
    put_rights(sink, alias.kernel);
    sink.put("  user ");
    put_rights(sink, alias.user);
}

template <TextSink S>
constexpr void write_json(S& sink, const Alias& alias) {
    constexpr std::array<std::string_view, 3> kUses = {"page", "table", "directory"};
    const bool page = alias.use == Alias::Use::page;
    const bool directory = alias.use == Alias::Use::directory;
    JsonObject json(sink, "alias");
    json.address("pa", alias.pa);
    json.text("use", kUses[static_cast<std::size_t>(alias.use)]);
    json.address("va", directory ? std::nullopt : std::optional{alias.va});
    json.number("page_size", page ? std::optional<std::uint64_t>{alias.page_size} : std::nullopt);
    if (page) {
        json.rights("kernel", alias.kernel);
        json.rights("user", alias.user);
    } else {
        json.null("kernel");
        json.null("user");
    }
    json.number("pdi", directory ? std::nullopt : std::optional<std::uint64_t>{alias.pdi});
    json.number("pti", alias.pti ? std::optional<std::uint64_t>{*alias.pti} : std::nullopt);
}

} // namespace pagelab::paging

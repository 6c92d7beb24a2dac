// Regions as text (the self-map folded into a line) and as JSON (never folded).
// For shell and console; docs/formats.md is the contract.
#pragma once

#include "kernel/paging/regions.hpp"
#include "kernel/paging/walk_text.hpp"

namespace pagelab::paging {

/// One line, without its newline.
template <TextSink S>
void put_region(S& sink, const Region& region) {
    say(sink, "{:22}  {:>8}  {}  {}  ", region.range(), Size{region.size}, region.pa, Size{region.page_size});
    say(sink, "kernel {}  user {}  {}", region.kernel, region.user, region.flags);
}

template <TextSink S>
void write_json(S& sink, const Region& region) {
    say(sink, R"({"record":"region","v":1,"va":"{}","size":{},"pa":{},"page_size":{},)", region.va,
        LongDecimal{region.size}, HexOrNull{region.pa}, Decimal{region.page_size});
    say(sink, R"("kernel":"{}","user":"{}","flags":{},"self_map":{}})", region.kernel, region.user,
        FlagList{region.flags}, region.self_map);
}

/// The line that stands for a whole self-map slot: its rights are what its PDE gives on both levels.
template <TextSink S, WordReader R>
void write_folded_self_map(S& sink, R& read, const PagingContext& context, std::uint32_t slot) {
    std::uint32_t tables = 0;
    for (std::uint32_t pdi = 0; pdi < kEntryCount; ++pdi) {
        const Pde pde{read(context.control.directory().plus(entry_offset(pdi))).value_or(0)};
        tables += pde.kind(context) == EntryKind::table && !is_self_map(pde, context) ? 1 : 0;
    }
    CombinedBits combined;
    combined.combine(Pde{read(context.control.directory().plus(entry_offset(slot))).value_or(0)});
    say(sink, "{:22}     4 MiB  self-map of {}, {}  kernel {}  user {}",
        VirtRange{VirtAddr::from_indices(slot, 0), (std::uint64_t{slot} + 1) << 22},
        context.control.directory(), Count{tables, "table"}, kernel_rights(combined, context.control),
        user_rights(combined));
}

/// The answer of `maps`, region by region. A self-map slot is folded where nothing is filtered and the slot
/// is wholly asked for.
template <TextSink S, WordReader R>
class RegionLines {
public:
    RegionLines(S& sink, R& read, const PagingContext& context, const RegionQuery& query)
        : sink_(sink), read_(read), context_(context), query_(query) {}

    void add(const Region& region) {
        const std::uint32_t slot = region.va.directory_index();
        if (region.self_map && !query_.filters() && is_whole(slot)) {
            if (folded_ == slot) {
                return;
            }
            folded_ = slot;
            write_folded_self_map(sink_, read_, context_, slot);
            bytes_ += kLargePageSize;
        } else {
            put_region(sink_, region);
            bytes_ += region.size;
        }
        say(sink_, "\n");
        ++lines_;
    }
    /// The last line: the sum.
    void finish() {
        say(sink_, lines_ == 0 ? "nothing is mapped\n" : "{}, {} mapped\n", Count{lines_, "region"},
            Size{bytes_});
    }

private:
    [[nodiscard]] bool is_whole(std::uint32_t slot) const {
        return query_.range.first.raw() <= VirtAddr::from_indices(slot, 0).raw() &&
               query_.range.end >= (std::uint64_t{slot} + 1) << 22;
    }

    S& sink_;
    R& read_;
    const PagingContext& context_;
    const RegionQuery& query_;
    std::uint32_t lines_ = 0;
    std::uint64_t bytes_ = 0;
    std::optional<std::uint32_t> folded_;
};

/// The whole answer of `maps`.
template <TextSink S, WordReader R>
void write_maps_text(S& sink, R& read, const PagingContext& context, const RegionQuery& query) {
    RegionLines lines(sink, read, context, query);
    for_each_region(read, context, query, [&](const Region& region) {
        lines.add(region);
        return true;
    });
    lines.finish();
}

} // namespace pagelab::paging

// Regions as text (a list or a tree, the self-map folded into a line) and as JSON (never folded).
// For shell and console; docs/formats.md is the contract.
#pragma once

#include "kernel/paging/regions.hpp"
#include "kernel/paging/slot_text.hpp"
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

/// The answer of `maps`, region by region: a list, or by slots as a tree. A self-map slot is folded where
/// nothing is filtered and the slot is wholly asked for.
template <TextSink S, WordReader R>
class RegionLines {
public:
    RegionLines(S& sink, R& read, const PagingContext& context, const RegionQuery& query)
        : sink_(sink), read_(read), context_(context), query_(query),
          tree_(query.by_slot && context.control.paging()), next_slot_(query.range.first.directory_index()) {
        if (tree_) {
            say(sink_, "directory {}\n", context_.control.directory());
        }
    }

    void add(Region region) {
        const std::uint32_t slot = region.va.directory_index();
        if (folds(region)) {
            if (folded_ == slot) {
                return;
            }
            folded_ = slot;
            region.va = VirtAddr::from_indices(slot, 0);
            region.size = kLargePageSize;
        }
        if (!query_.by_slot) {
            put_line(region, "");
            return;
        }
        put_held(slot);
        put_slots(slot, true);
        held_ = region;
    }

    /// The last line: the sum.
    void finish() {
        if (tree_) {
            put_held(kEntryCount);
            put_slots(static_cast<std::uint32_t>((query_.range.end - 1) >> 22), false);
        }
        say(sink_, lines_ == 0 ? "nothing is mapped\n" : "{}, {} mapped\n", Count{lines_, "region"},
            Size{bytes_});
    }

private:
    [[nodiscard]] bool folds(const Region& region) const {
        const std::uint32_t slot = region.va.directory_index();
        return region.self_map && !query_.filters() &&
               query_.range.first.raw() <= VirtAddr::from_indices(slot, 0).raw() &&
               query_.range.end >= (std::uint64_t{slot} + 1) << 22;
    }

    void put_line(const Region& region, const char* branch) {
        say(sink_, branch);
        if (folds(region)) {
            write_folded_self_map(sink_, read_, context_, region.va.directory_index());
        } else {
            put_region(sink_, region);
        }
        say(sink_, "\n");
        ++lines_;
        bytes_ += region.size;
    }

    /// The last region, which waits to know whether another of its slot follows; that one lies in `slot`.
    void put_held(std::uint32_t slot) {
        if (held_) {
            put_line(*held_, held_->va.directory_index() == slot ? "|- " : "`- ");
        }
        held_ = std::nullopt;
    }

    /// The lines of the slots up to `last`: of those that are in use, and of the last if it must have one.
    /// Where something is filtered only slots with something to tell have a line.
    void put_slots(std::uint32_t last, bool must) {
        for (; next_slot_ <= last; ++next_slot_) {
            const auto raw = read_(context_.control.directory().plus(entry_offset(next_slot_)));
            const Slot slot = make_pde_slot(next_slot_, raw.value_or(0), context_);
            const bool used = !query_.filters() && slot.kind != EntryKind::not_present;
            if (used || (must && next_slot_ == last)) {
                put_slot(sink_, slot);
                say(sink_, "\n");
            }
        }
    }

    S& sink_;
    R& read_;
    const PagingContext& context_;
    const RegionQuery& query_;
    bool tree_;
    std::optional<std::uint32_t> folded_;
    std::optional<Region> held_;
    std::uint32_t next_slot_;
    std::uint32_t lines_ = 0;
    std::uint64_t bytes_ = 0;
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

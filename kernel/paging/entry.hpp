// PDE and PTE: each one raw word with named questions. Two types, because the same bit means different
// things. For everyone. A question about the meaning of a PDE needs the context: PS counts only with CR4.PSE
// = 1.
#pragma once

#include "kernel/paging/control.hpp"
#include "kernel/paging/flags.hpp"

namespace pagelab::paging {

/// Where in the two-level structure an entry stands.
enum class Level : std::uint8_t { pde, pte };

/// What an entry says. `unreadable` is the walker's word for an entry whose memory can't be read.
enum class EntryKind : std::uint8_t { table, page, not_present, reserved, unreadable };

/// What PDE and PTE have in common: the five bits with one meaning, and A.
class EntryWord {
public:
    constexpr EntryWord() = default;
    explicit constexpr EntryWord(std::uint32_t raw) : raw_(raw) {}

    [[nodiscard]] constexpr std::uint32_t raw() const { return raw_; }
    [[nodiscard]] constexpr bool present() const { return (raw_ & bits::kPresent) != 0; }
    [[nodiscard]] constexpr bool writable() const { return (raw_ & bits::kWritable) != 0; }
    [[nodiscard]] constexpr bool user() const { return (raw_ & bits::kUser) != 0; }
    [[nodiscard]] constexpr bool accessed() const { return (raw_ & bits::kAccessed) != 0; }

    constexpr bool operator==(const EntryWord&) const = default;

protected:
    [[nodiscard]] constexpr FlagSet common_flags() const {
        FlagSet set;
        constexpr struct {
            std::uint32_t bit;
            Flag flag;
        } kCommon[] = {{bits::kPresent, Flag::p},        {bits::kWritable, Flag::rw},
                       {bits::kUser, Flag::us},          {bits::kWriteThrough, Flag::pwt},
                       {bits::kCacheDisable, Flag::pcd}, {bits::kAccessed, Flag::a},
                       {bits::kAvail9, Flag::avl9},      {bits::kAvail10, Flag::avl10},
                       {bits::kAvail11, Flag::avl11}};
        for (const auto& [bit, flag] : kCommon) {
            if ((raw_ & bit) != 0) {
                set.add(flag);
            }
        }
        return set;
    }
    constexpr void add_leaf_flags(FlagSet& set, std::uint32_t pat_bit) const {
        if ((raw_ & bits::kDirty) != 0) {
            set.add(Flag::d);
        }
        if ((raw_ & pat_bit) != 0) {
            set.add(Flag::pat);
        }
        if ((raw_ & bits::kGlobal) != 0) {
            set.add(Flag::g);
        }
    }

private:
    std::uint32_t raw_ = 0;
};

/// A page-table entry (SDM 3A table 4-6).
class Pte : public EntryWord {
public:
    using EntryWord::EntryWord;

    [[nodiscard]] constexpr EntryKind kind() const {
        return present() ? EntryKind::page : EntryKind::not_present;
    }
    /// The first byte of the page that it maps.
    [[nodiscard, gnu::always_inline]] constexpr PhysAddr frame() const {
        return PhysAddr{raw() & bits::kFrameMask};
    }
    [[nodiscard]] constexpr bool dirty() const { return (raw() & bits::kDirty) != 0; }
    [[nodiscard]] constexpr bool global() const { return (raw() & bits::kGlobal) != 0; }
    [[nodiscard]] constexpr FlagSet flags() const {
        if (!present()) {
            return {};
        }
        FlagSet set = common_flags();
        add_leaf_flags(set, bits::kPat);
        return set;
    }
};

/// A page-directory entry: not present, a table, or a 4 MiB page (SDM 3A tables 4-4 and 4-5).
class Pde : public EntryWord {
public:
    using EntryWord::EntryWord;

    /// Whether it maps 4 MiB: PS counts only where CR4.PSE = 1, elsewhere the bit is ignored.
    [[nodiscard]] constexpr bool large(const PagingContext& context) const {
        return present() && context.control.pse() && (raw() & bits::kLarge) != 0;
    }
    [[nodiscard]] constexpr EntryKind kind(const PagingContext& context) const {
        if (!present()) {
            return EntryKind::not_present;
        }
        if (!large(context)) {
            return EntryKind::table;
        }
        return (raw() & context.reserved_in_large_pde()) != 0 ? EntryKind::reserved : EntryKind::page;
    }
    /// The frame of the page table, where it is one.
    [[nodiscard, gnu::always_inline]] constexpr PhysAddr table() const {
        return PhysAddr{raw() & bits::kFrameMask};
    }
    /// The first byte of the 4 MiB page, where it is one; PSE-36 adds physical bits 39:32 from bits 20:13.
    [[nodiscard]] constexpr PhysAddr large_frame(const PagingContext& context) const {
        std::uint64_t base = raw() & bits::kLargeFrameMask;
        if (context.cpu.pse36) {
            base |= static_cast<std::uint64_t>((raw() >> 13) & 0xff) << 32;
        }
        return PhysAddr{base};
    }
    [[nodiscard]] constexpr bool global() const { return (raw() & bits::kGlobal) != 0; }
    [[nodiscard]] constexpr bool dirty() const { return (raw() & bits::kDirty) != 0; }
    [[nodiscard]] constexpr FlagSet flags(const PagingContext& context) const {
        if (!present()) {
            return {};
        }
        FlagSet set = common_flags();
        if (large(context)) {
            set.add(Flag::ps);
            add_leaf_flags(set, bits::kLargePat);
        }
        return set;
    }
};

} // namespace pagelab::paging

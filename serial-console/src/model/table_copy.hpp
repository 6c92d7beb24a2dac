// A copy of the frames that hold a directory and its tables: what one picture is drawn from. Pure; a
// WordReader of kernel/paging, so that the core's walk runs on it. It never looks at live memory.
#pragma once

#include "kernel/paging/address.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace pagelab::console::model {

/// The words of one frame.
using TableWords = std::array<std::uint32_t, paging::kEntryCount>;

class TableCopy {
public:
    /// Room for the frame that begins at `frame` (a multiple of 4096); the words are the caller's to fill.
    /// The reference is good until the next call.
    TableWords& add(paging::PhysAddr frame) {
        index_.insert_or_assign(frame.frame(), tables_.size());
        return tables_.emplace_back();
    }
    /// Makes room for that many frames at once.
    void reserve(std::size_t frames) {
        index_.reserve(frames);
        tables_.reserve(frames);
    }
    /// Takes back the frame that was added last.
    void drop(paging::PhysAddr frame) {
        index_.erase(frame.frame());
        tables_.pop_back();
    }
    [[nodiscard]] bool contains(paging::PhysAddr frame) const { return index_.contains(frame.frame()); }
    /// Null for a frame that was not copied: it can't be read.
    [[nodiscard]] const TableWords* find(paging::PhysAddr frame) const {
        const auto found = index_.find(frame.frame());
        return found == index_.end() ? nullptr : &tables_[found->second];
    }
    [[nodiscard]] std::size_t size() const { return tables_.size(); }

    /// The word at `address`, a multiple of 4.
    std::optional<std::uint32_t> operator()(paging::PhysAddr address) const {
        const TableWords* table = find(address.frame_base());
        if (table == nullptr) {
            return std::nullopt;
        }
        return (*table)[address.frame_offset() / paging::kEntrySize];
    }

private:
    std::unordered_map<std::uint64_t, std::size_t> index_;
    std::vector<TableWords> tables_;
};

} // namespace pagelab::console::model

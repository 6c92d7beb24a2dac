// A copy of the frames that hold a directory and its tables: what one picture is drawn from. Pure; a
// WordReader of kernel/paging, so that the core's walk runs on it. It never looks at live memory.
// Two copies share the pages that did not change between them.
#pragma once

#include "kernel/paging/address.hpp"
#include "serial-console/src/model/table_digest.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace pagelab::console::model {

/// One copied frame and what it holds, read as a table. Never changed once it is in a summarised snapshot.
struct TablePage {
    TableWords words;
    TableDigest digest;
    bool digested = false;
};
using SharedTable = std::shared_ptr<TablePage>;

class TableCopy {
public:
    /// Room for the frame that begins at `frame` (a multiple of 4096); the words are the caller's to fill.
    /// A frame that is there already begins anew. The reference is good as long as the copy.
    TableWords& add(paging::PhysAddr frame) {
        SharedTable page = std::make_shared<TablePage>();
        TableWords& words = page->words;
        share(frame, std::move(page));
        return words;
    }
    /// The same page as in another copy.
    void share(paging::PhysAddr frame, SharedTable page) {
        const std::uint64_t number = frame.frame();
        // Most come in order.
        const auto place = tables_.empty() || tables_.back().number < number
                               ? tables_.end()
                               : std::ranges::lower_bound(tables_, number, {}, &Entry::number);
        if (place != tables_.end() && place->number == number) {
            place->page = std::move(page);
        } else {
            tables_.insert(place, {number, std::move(page)});
        }
    }
    /// Makes room for that many frames at once.
    void reserve(std::size_t frames) { tables_.reserve(frames); }
    /// Says of all pages what they hold, where that is not known yet.
    void digest_all() {
        for (const Entry& entry : tables_) {
            if (!entry.page->digested) {
                entry.page->digest = digest(entry.page->words);
                entry.page->digested = true;
            }
        }
    }
    [[nodiscard]] bool contains(paging::PhysAddr frame) const { return page(frame) != nullptr; }
    /// Null for a frame that was not copied: it can't be read.
    [[nodiscard]] const SharedTable& page(paging::PhysAddr frame) const {
        static const SharedTable kNone;
        const auto found = std::ranges::lower_bound(tables_, frame.frame(), {}, &Entry::number);
        return found == tables_.end() || found->number != frame.frame() ? kNone : found->page;
    }
    [[nodiscard]] const TableWords* find(paging::PhysAddr frame) const {
        const SharedTable& found = page(frame);
        return found == nullptr ? nullptr : &found->words;
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
    struct Entry {
        std::uint64_t number = 0; // of the frame
        SharedTable page;
    };
    std::vector<Entry> tables_; // by number
};

} // namespace pagelab::console::model

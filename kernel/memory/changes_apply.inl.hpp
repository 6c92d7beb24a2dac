// How the operations of Changes are done once nothing speaks against them. Part of changes.hpp: include that.
// The order is the same everywhere: entries, flush, frames.
#pragma once

namespace pagelab::memory {

template <Hardware H>
ChangeResult Changes<H>::map(const MapRequest& request) {
    if (const Problem problem = check_map_request(request)) {
        return std::unexpected(*problem);
    }
    const auto needs = check_map_pages(request);
    if (!needs) {
        return std::unexpected(needs.error());
    }
    const std::uint32_t start = transaction_.savepoint();
    bool done = request.large || make_tables(request, needs->tables);
    const std::uint32_t frames_from = transaction_.savepoint();
    done =
        done && (request.pa ? claim_data(request) : take_data(request)) && write_pages(request, frames_from);
    auto result = finish(start, done, request.options, request.va, true);
    if (result && request.pa) {
        result->first_frame = request.pa;
    }
    return result;
}

/// A table for each slot of the request that has none: first all frames, then all PDEs, so that both fold in
/// the journal. The PDE is generous: the leaf decides.
template <Hardware H>
bool Changes<H>::make_tables(const MapRequest& request, std::uint32_t count) {
    const std::uint32_t from = transaction_.savepoint();
    bool done = transaction_.take_each(count, FrameRecord{FrameRole::table, 0});
    std::uint32_t pdi = request.va.directory_index();
    const std::uint32_t end = transaction_.savepoint();
    transaction_.for_each_item(from, end, [&](const JournalItem& item) {
        while (tables_.pde(pdi).kind(context(hw_)) != EntryKind::not_present) {
            pdi += 1; // ends: there are as many without a table as were counted
        }
        const std::uint32_t user = pdi < interface::layout::kFirstKernelSlot ? bits::kUser : 0;
        done = done && transaction_.write_pde(pdi, item.old_value | user | bits::kWritable | bits::kPresent);
        pdi += 1;
    });
    return done;
}

/// A free frame that the user names is taken as long as it is mapped: it goes back with its last reference.
template <Hardware H>
bool Changes<H>::claim_data(const MapRequest& request) {
    const std::uint32_t frames = request.count * (page_size(request) / paging::kPageSize);
    return transaction_.claim(request.pa->frame(), frames, FrameRole::data);
}

template <Hardware H>
bool Changes<H>::take_data(const MapRequest& request) {
    const FrameRecord data{FrameRole::data, 0};
    if (!request.large) {
        return transaction_.take_each(request.count, data);
    }
    for (std::uint32_t i = 0; i < request.count; ++i) {
        if (!transaction_.breathe() || !transaction_.take_block(kFramesPerLarge, kFramesPerLarge, data)) {
            return false;
        }
    }
    return true;
}

/// Writes the leaves: to consecutive frames from request.pa, or to those taken since `frames_from`, which
/// the journal names.
template <Hardware H>
bool Changes<H>::write_pages(const MapRequest& request, std::uint32_t frames_from) {
    const std::uint32_t stride = request.large ? kFramesPerLarge : 1;
    std::uint32_t page = 0;
    bool done = true;
    const auto write = [&](PhysAddr frame) {
        const VirtAddr va = advance(request.va, static_cast<std::uint64_t>(page) * page_size(request));
        page += 1;
        if (request.large) {
            return drop_old_table(va.directory_index()) &&
                   transaction_.write_pde(va.directory_index(), large_pde(frame, request.attributes.bits),
                                          request.options.flush);
        }
        return transaction_.write_pte(va, static_cast<std::uint32_t>(frame.raw()) |
                                              leaf_bits(request.attributes.bits, false) | bits::kPresent);
    };
    if (request.pa) {
        while (done && page < request.count) {
            done = write(request.pa->plus(static_cast<std::uint64_t>(page) * page_size(request)));
        }
        return done;
    }
    const std::uint32_t end = transaction_.savepoint();
    std::uint32_t frame = 0;
    transaction_.for_each_item(frames_from, end, [&](const JournalItem& item) {
        if (done && frame % stride == 0) {
            done = write(PhysAddr{item.old_value});
        }
        frame += 1;
    });
    return done;
}

/// Clears the table that a large page replaces (`force`); one that another slot shows too stays as it is.
template <Hardware H>
bool Changes<H>::drop_old_table(std::uint32_t pdi) {
    const Pde pde = tables_.pde(pdi);
    const FrameRecord record = frames_.record(pde.table().frame());
    if (pde.kind(context(hw_)) != EntryKind::table || record.role() != FrameRole::table ||
        record.references() > 1) {
        return true;
    }
    for (std::uint32_t pti = 0; pti < paging::kEntryCount; ++pti) {
        const VirtAddr va = VirtAddr::from_indices(pdi, pti);
        if (tables_.pte(va).raw() != 0 && !transaction_.write_pte(va, 0)) {
            return false;
        }
    }
    return true;
}

template <Hardware H>
ChangeResult Changes<H>::unmap(const UnmapRequest& request) {
    const bool force = request.options.force;
    const Problem problem = check_pages(request.va, request.count, [&](VirtAddr va, const Page& page) {
        return check_leaf(va, page, 0, force);
    });
    if (problem) {
        return std::unexpected(*problem);
    }
    const std::uint32_t start = transaction_.savepoint();
    std::uint64_t at = request.va.raw();
    bool done = true;
    for (std::uint32_t i = 0; i < request.count && done; ++i) {
        const VirtAddr va{static_cast<std::uint32_t>(at)};
        const bool large = tables_.pde(va.directory_index()).kind(context(hw_)) != EntryKind::table;
        done = large ? transaction_.write_pde(va.directory_index(), 0, request.options.flush)
                     : transaction_.write_pte(va, 0);
        at += large ? paging::kLargePageSize : paging::kPageSize;
    }
    return finish(start, done, request.options, request.va, true);
}

template <Hardware H>
ChangeResult Changes<H>::protect(const ProtectRequest& request) {
    const auto changed = [&](const Page& page) {
        const bool large = page.size == paging::kLargePageSize;
        const std::uint32_t clear = leaf_bits(request.clear, large);
        const std::uint32_t set = leaf_bits(request.set, large);
        if (!tables_.space().shares || (page.raw & kSharedMark) == 0) {
            return (page.raw & ~clear) | set;
        }
        return shared_leaf((unshared_leaf(page.raw) & ~clear) | set); // write access comes with the copy
    };
    if ((request.set & bits::kGlobal) != 0 && !hw_.has_pge()) {
        return std::unexpected(error(Refusal::no_pge, request.va));
    }
    const Problem problem = check_pages(request.va, request.count, [&](VirtAddr va, const Page& page) {
        return check_leaf(va, page, changed(page), request.options.force);
    });
    if (problem) {
        return std::unexpected(*problem);
    }
    const std::uint32_t start = transaction_.savepoint();
    std::uint64_t at = request.va.raw();
    bool done = true;
    for (std::uint32_t i = 0; i < request.count && done; ++i) {
        const auto page = page_at(at);
        const VirtAddr va{static_cast<std::uint32_t>(at)};
        const std::uint32_t value = changed(*page);
        if (value != page->raw) {
            done = page->size == paging::kLargePageSize
                       ? transaction_.write_pde(va.directory_index(), value, request.options.flush)
                       : transaction_.write_pte(va, value);
        }
        at += page->size;
    }
    return finish(start, done, request.options, request.va, true);
}

template <Hardware H>
ChangeResult Changes<H>::set_pde(std::uint32_t pdi, std::uint32_t value, ChangeOptions options) {
    const VirtAddr va = VirtAddr::from_indices(pdi, 0);
    const Pde entry{value};
    if (const auto reason = guard_.pde(pdi, value); guard_.refuses(reason, options.force)) {
        return std::unexpected(guarded(va, *reason));
    }
    // The walker sets A and D there; QEMU 7.2 never comes back from that in a ROM or a device.
    if (entry.kind(context(hw_)) == EntryKind::table && !frames_.map().is_ram(entry.table().frame()) &&
        !options.force) {
        OperationError problem = error(Refusal::not_ram, va, value);
        problem.pa = entry.table();
        return std::unexpected(problem);
    }
    const std::uint32_t start = transaction_.savepoint();
    return finish(start, transaction_.write_pde(pdi, value, options.flush), options, va, false);
}

template <Hardware H>
ChangeResult Changes<H>::set_pte(VirtAddr va, std::uint32_t value, ChangeOptions options) {
    const Pde pde = tables_.pde(va.directory_index());
    const EntryKind kind = pde.kind(context(hw_));
    if (kind != EntryKind::table) {
        return std::unexpected(
            error(kind == EntryKind::not_present ? Refusal::no_table : Refusal::large_page, va, pde.raw()));
    }
    if (const auto reason = guard_.pte(va, value); guard_.refuses(reason, options.force)) {
        return std::unexpected(guarded(va, *reason));
    }
    const std::uint32_t start = transaction_.savepoint();
    return finish(start, transaction_.write_pte(va, value), options, va, false);
}

/// Tables of user slots that hold nothing. The PDEs go first, then the flush, then the frames.
template <Hardware H>
ChangeResult Changes<H>::free_tables() {
    const std::uint32_t start = transaction_.savepoint();
    bool done = true;
    for (std::uint32_t pdi = 0; pdi < interface::layout::kFirstKernelSlot && done; ++pdi) {
        const Pde pde = tables_.pde(pdi);
        if (pde.kind(context(hw_)) == EntryKind::table && !guard_.pde(pdi, 0) &&
            frames_.record(pde.table().frame()).role() == FrameRole::table && table_is_empty(pde)) {
            done = transaction_.write_pde(pdi, 0);
        }
    }
    return finish(start, done, {}, VirtAddr{0}, true);
}

template <Hardware H>
ChangeResult Changes<H>::alloc_frames(std::uint32_t count) {
    const std::uint32_t free = frames_.counts().free;
    if (count > free) {
        return std::unexpected(error(Refusal::no_frames, VirtAddr{0}, free));
    }
    const std::uint32_t start = transaction_.savepoint();
    const FrameRecord held{FrameRole::data, FrameRecord::kHeld};
    const bool done = count == 1 ? transaction_.take(held).has_value()
                                 : transaction_.take_block(count, 1, held).has_value();
    return finish(start, done, {}, VirtAddr{0}, false);
}

template <Hardware H>
ChangeResult Changes<H>::free_frames(PhysAddr first, std::uint32_t count) {
    const auto refuse = [](Refusal refusal, PhysAddr frame) {
        return std::unexpected(
            OperationError{.refusal = refusal, .va = VirtAddr{0}, .pa = frame, .value = 0, .reason = {}});
    };
    if (!first.is_aligned(paging::kPageSize)) {
        return refuse(Refusal::unaligned, first);
    }
    for (std::uint32_t i = 0; i < count; ++i) {
        const PhysAddr frame = first.plus(static_cast<std::uint64_t>(i) * paging::kPageSize);
        const FrameRecord record = frames_.record(frame.frame());
        // A table that no PDE leads to any more is the user's to give back, like a page that a raw entry
        // lost; those of boot never are, also where a broken slot 768 has just been put right behind the
        // books.
        if (!Ownership<H>::is_counted(record.role()) || frames_.is_of_boot(frame.frame())) {
            return refuse(Refusal::not_allocated, frame);
        }
        if (record.references() != 0) {
            return refuse(Refusal::still_mapped, frame);
        }
    }
    const std::uint32_t start = transaction_.savepoint();
    bool done = true;
    for (std::uint32_t i = 0; i < count && done; ++i) {
        done = transaction_.give(frame_of(first) + i);
    }
    return finish(start, done, {}, VirtAddr{0}, false);
}

template <Hardware H>
ChangeResult Changes<H>::finish(std::uint32_t from, bool done, ChangeOptions options, VirtAddr va,
                                bool free_frames) {
    flusher_.start_count();
    if (done) {
        if (options.flush) {
            transaction_.flush_since(from);
            // Frames stay taken where the flush is left out: the CPU may still use them.
            done = !free_frames || transaction_.free_unreferenced_since(from);
        } else if (needs_flush(from)) {
            flusher_.distrust_tables();
        }
    }
    if (!done) {
        const Refusal why = transaction_.interrupted() ? Refusal::interrupted
                            : transaction_.has_room()  ? Refusal::no_frames
                                                       : Refusal::journal_full;
        transaction_.take_back(from);
        transaction_.forget_since(from);
        return std::unexpected(error(why, va, frames_.counts().free));
    }
    ChangeReport report = summarise(from);
    report.pages_flushed = flusher_.count().pages;
    report.all_flushed = flusher_.count().all;
    report.flush_left_out = !options.flush && needs_flush(from);
    return report;
}

template <Hardware H>
bool Changes<H>::needs_flush(std::uint32_t from) {
    bool needed = false;
    transaction_.for_each_item(from, transaction_.end(), [&](const JournalItem& item) {
        const bool was_present = (item.old_value & bits::kPresent) != 0;
        needed = needed || (Transaction<H>::is_entry(item.kind) && was_present);
    });
    return needed;
}

/// What the journal says was done since `from`.
template <Hardware H>
ChangeReport Changes<H>::summarise(std::uint32_t from) {
    ChangeReport report;
    transaction_.for_each_item(from, transaction_.end(),
                               [&](const JournalItem& item) { count_item(report, item); });
    return report;
}

template <Hardware H>
void Changes<H>::count_item(ChangeReport& report, const JournalItem& item) {
    const bool take = item.kind == JournalKind::frame_take;
    if (take || item.kind == JournalKind::frame_free) {
        if (FrameRecord{item.new_value}.role() == FrameRole::table) {
            (take ? report.tables_made : report.tables_freed) += 1;
            return;
        }
        (take ? report.frames_taken : report.frames_freed) += 1;
        report.first_frame = report.first_frame.value_or(PhysAddr{item.old_value});
        return;
    }
    // The PDE of a table that was made on the way is no entry that the user asked for.
    const bool on_the_way = item.kind == JournalKind::pde && report.tables_made > 0 &&
                            Pde{item.new_value}.kind(context(hw_)) == EntryKind::table &&
                            !Pde{item.old_value}.present();
    if (!Transaction<H>::is_entry(item.kind) || on_the_way) {
        return;
    }
    if (report.entries_changed == 0) {
        report.first_old = item.old_value;
        report.first_new = item.new_value;
    }
    report.entries_changed += 1;
}

} // namespace pagelab::memory

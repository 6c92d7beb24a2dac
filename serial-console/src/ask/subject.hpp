// What a question from outside is asked about: tables, and what is known of the memory around them. Values
// only: guest/ fills them from a running guest, recording/ from a file.
#pragma once

#include "kernel/interface/frame_record.hpp"
#include "kernel/interface/journal.hpp"
#include "kernel/paging/address.hpp"
#include "serial-console/src/model/snapshot.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace pagelab::console::ask {

/// What only a pagelab tells: untrusted words, checked in size only.
struct LabRecords {
    /// Of the frames from 0 on; those behind the last are free where there is RAM.
    std::vector<interface::FrameRecord> frames;
    /// In the order of their numbers, without a gap.
    std::vector<interface::JournalRecord> journal;
};

struct Subject {
    std::shared_ptr<const model::Snapshot> snapshot; // never null
    /// Where RAM is.
    std::vector<paging::PhysRange> ram;
    /// Nothing if the guest is no pagelab.
    std::optional<LabRecords> lab;
};

} // namespace pagelab::console::ask

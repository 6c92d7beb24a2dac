// What the tests of the picture share: a small lab with one of everything in its directory, and keys by name.
#pragma once

#include "kernel/interface/lab_page.hpp"
#include "serial-console/src/model/snapshot.hpp"
#include "serial-console/src/model/update.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace pagelab::console::fixture {

using model::Snapshot;
using model::State;
using paging::PhysAddr;
using paging::VirtAddr;

inline constexpr std::uint32_t kDirectoryFrame = 0x00105000;
inline constexpr std::uint32_t kKernelTable = 0x00106000;
inline constexpr std::uint32_t kUserTable = 0x00109000;

inline constexpr std::uint32_t kUserSlot = 256;
inline constexpr std::uint32_t kLargeSlot = 300;

/// A journal, records of frames, and a foreign window, as a lab has them besides.
inline void add_records(Snapshot& snapshot) {
    using interface::FrameRecord;
    using interface::FrameRole;
    using interface::JournalKind;
    auto journal = std::make_shared<model::Journal>();
    journal->push_back({.sequence = 1, .kind = JournalKind::begin, .count = 7});
    journal->push_back({.sequence = 2, .kind = JournalKind::frame_take, .old_value = 0x00200000, .count = 3});
    journal->push_back({.sequence = 3,
                        .kind = JournalKind::pte,
                        .old_step = 0,
                        .new_step = 1,
                        .address = 0x40000000,
                        .new_value = 0x00200007,
                        .count = 2});
    journal->push_back({.sequence = 4, .kind = JournalKind::commit});
    journal->push_back({.sequence = 5,
                        .kind = JournalKind::fault,
                        .address = 0x40005000,
                        .old_value = 0xc0100234,
                        .new_value = 14u << 16 | 2});
    snapshot.journal = journal;
    auto frames = std::make_shared<model::FrameMap>();
    frames->frames = 4096;
    frames->records.assign(256, FrameRecord{FrameRole::reserved, 0});
    frames->records.resize(0x209, FrameRecord{FrameRole::kernel, 1});
    frames->records[kDirectoryFrame >> 12] = FrameRecord{FrameRole::directory, 1};
    frames->records[kKernelTable >> 12] = FrameRecord{FrameRole::table, 1};
    frames->records[kUserTable >> 12] = FrameRecord{FrameRole::table, 1};
    for (std::uint32_t frame = 0x200; frame < 0x203; ++frame) {
        frames->records[frame] = FrameRecord{FrameRole::data, 1};
    }
    for (std::uint32_t frame = 0x203; frame < 0x209; ++frame) {
        frames->records[frame] = FrameRecord{FrameRole::free, FrameRecord::kNoFrame};
    }
    snapshot.frames = frames;
}

/// The lab of the tests. `user_entries`: PTEs of slot 256 from index 0; without any the slot is empty.
inline std::shared_ptr<Snapshot> lab(const std::vector<std::uint32_t>& user_entries = {}) {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->lab = {.generation = 2,
                     .context = {.control = {0x80010011, kDirectoryFrame, 0x90}},
                     .space = 0,
                     .frames_total = 4096,
                     .frames_free = 3900,
                     .state = interface::LabState::prompt,
                     .command_count = 7,
                     .last_status = 0,
                     .last_command = "map 0x40000000"};
    model::TableWords& directory = snapshot->tables.add(PhysAddr{kDirectoryFrame});
    directory[5] = 0x00abc002;
    directory[kLargeSlot] = 0x00400083;
    directory[700] = 0x7f000003; // beyond RAM: no such frame is copied
    directory[701] = 0x00200083; // bit 21 of a 4 MiB page is reserved
    directory[768] = kKernelTable | 0x23;
    directory[1023] = kDirectoryFrame | 0x63;
    if (!user_entries.empty()) {
        directory[kUserSlot] = kUserTable | 0x07;
    }
    model::TableWords& kernel = snapshot->tables.add(PhysAddr{kKernelTable});
    for (std::uint32_t i = 256; i < 300; ++i) {
        kernel[i] = (i << 12) | 0x121;
    }
    add_records(*snapshot);
    if (!user_entries.empty()) {
        model::TableWords& user = snapshot->tables.add(PhysAddr{kUserTable});
        std::copy(user_entries.begin(), user_entries.end(), user.begin());
    }
    model::summarise(*snapshot);
    return snapshot;
}

/// A state on the run `lab`, with the snapshot of lab() and a prompt.
inline State state_with(std::shared_ptr<const Snapshot> snapshot, model::Size size = {24, 80}) {
    State state;
    state.name = "lab";
    state.size = size;
    state.run = model::Run::running;
    static_cast<void>(model::update(state, {model::Time{0}, model::SnapshotTaken{std::move(snapshot)}}));
    static_cast<void>(model::update(
        state,
        {model::Time{0}, model::SerialReceived{"pagelab 0.1.0\r\nhelp \xc2\xb7 demo \xc2\xb7 exit: halt\r\n"
                                               "\x1b]133;D;0\x07pagelab> "}}));
    return state;
}

inline std::vector<model::Effect> press(State& state, const model::Key& key) {
    return model::update(state, {state.now, model::KeyPressed{key}});
}

/// Presses the characters one by one; the effects of all.
inline std::vector<model::Effect> type(State& state, std::u32string_view text) {
    std::vector<model::Effect> effects;
    for (const char32_t character : text) {
        for (auto& effect : press(state, model::Key::of(character))) {
            effects.push_back(std::move(effect));
        }
    }
    return effects;
}

} // namespace pagelab::console::fixture

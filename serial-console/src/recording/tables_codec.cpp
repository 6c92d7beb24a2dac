#include "serial-console/src/recording/tables_codec.hpp"

#include "serial-console/src/recording/bytes.hpp"

#include <algorithm>
#include <vector>

namespace pagelab::console::recording {
namespace {

using model::LabInfo;
using model::Snapshot;
using model::TableWords;
using paging::PhysAddr;

/// A directory and its tables.
constexpr std::uint64_t kMostFrames = paging::kEntryCount + 1;
constexpr std::uint64_t kLastFrame = (std::uint64_t{1} << 40) - 1;
constexpr std::size_t kMostCommand = 256;

namespace flag {
constexpr std::uint8_t kPagelab = 1;
constexpr std::uint8_t kMidChange = 2;
constexpr std::uint8_t kPse36 = 4;
} // namespace flag

/// An unchanged stretch of words, or one whose words follow each other.
constexpr std::uint64_t kRun = 1;

/// The numbers of all frames that were copied, in rising order.
std::vector<std::uint64_t> frames_of(const Snapshot& snapshot) {
    const paging::PagingContext& context = snapshot.lab.context;
    const PhysAddr directory = context.control.directory();
    std::vector<std::uint64_t> frames;
    if (const TableWords* const words = snapshot.tables.find(directory)) {
        frames.push_back(directory.frame());
        for (const std::uint32_t raw : *words) {
            const paging::Pde pde{raw};
            if (pde.kind(context) == paging::EntryKind::table && snapshot.tables.contains(pde.table())) {
                frames.push_back(pde.table().frame());
            }
        }
    }
    std::ranges::sort(frames);
    frames.erase(std::unique(frames.begin(), frames.end()), frames.end());
    return frames;
}

const TableWords& words_or_zeros(const Snapshot* snapshot, PhysAddr frame) {
    static const TableWords kZeros{};
    const TableWords* const words = snapshot == nullptr ? nullptr : snapshot->tables.find(frame);
    return words == nullptr ? kZeros : *words;
}

void put_words(std::string& to, const TableWords& words, const TableWords& base) {
    std::uint32_t previous = 0;
    for (std::size_t at = 0; at < words.size();) {
        std::size_t same = at;
        while (same < words.size() && words[same] == base[same]) {
            ++same;
        }
        if (same > at) {
            put_varint(to, (same - at) << 1);
            previous = words[same - 1];
            at = same;
            continue;
        }
        const std::uint32_t step = words[at] - previous;
        std::size_t end = at;
        while (end < words.size() && words[end] - previous == step && words[end] != base[end]) {
            previous = words[end++];
        }
        put_varint(to, (end - at) << 1 | kRun);
        put_varint(to, zigzag(static_cast<std::int32_t>(step)));
        at = end;
    }
}

/// False if the bytes are no such words.
bool take_words(ByteReader& from, TableWords& words, const TableWords& base) {
    std::uint32_t previous = 0;
    for (std::size_t at = 0; at < words.size();) {
        const std::uint64_t head = from.varint();
        const std::uint64_t count = head >> 1;
        if (!from.good() || count == 0 || count > words.size() - at) {
            return false;
        }
        const auto step = static_cast<std::uint32_t>((head & kRun) != 0 ? unzigzag(from.varint()) : 0);
        for (const std::size_t end = at + static_cast<std::size_t>(count); at < end; ++at) {
            words[at] = (head & kRun) != 0 ? previous + step : base[at];
            previous = words[at];
        }
    }
    return from.good();
}

void put_lab(std::string& to, const LabInfo& lab, bool mid_change) {
    const auto flags =
        static_cast<std::uint8_t>((lab.pagelab ? flag::kPagelab : 0) | (mid_change ? flag::kMidChange : 0) |
                                  (lab.context.cpu.pse36 ? flag::kPse36 : 0));
    to.push_back(static_cast<char>(flags));
    to.push_back(static_cast<char>(lab.context.cpu.physical_bits));
    to.push_back(static_cast<char>(lab.state));
    for (const std::uint32_t word :
         {lab.generation, lab.context.control.cr0, lab.context.control.cr3, lab.context.control.cr4,
          lab.space, lab.frames_total, lab.frames_free, lab.command_count, lab.last_status}) {
        put_varint(to, word);
    }
    put_text(to, std::string_view(lab.last_command).substr(0, kMostCommand));
}

/// False if the bytes are no lab's.
bool take_lab(ByteReader& from, Snapshot& snapshot) {
    LabInfo& lab = snapshot.lab;
    const std::uint8_t flags = from.byte();
    lab.pagelab = (flags & flag::kPagelab) != 0;
    snapshot.mid_change = (flags & flag::kMidChange) != 0;
    lab.context.cpu.pse36 = (flags & flag::kPse36) != 0;
    lab.context.cpu.physical_bits = std::clamp<std::uint8_t>(from.byte(), 32, 52);
    const std::uint8_t state = from.byte();
    lab.state = state < interface::kLabStateNames.size() ? static_cast<interface::LabState>(state)
                                                         : interface::LabState::off;
    for (std::uint32_t* const word :
         {&lab.generation, &lab.context.control.cr0, &lab.context.control.cr3, &lab.context.control.cr4,
          &lab.space, &lab.frames_total, &lab.frames_free, &lab.command_count, &lab.last_status}) {
        *word = from.word();
    }
    const std::string_view command = from.text();
    if (command.size() > kMostCommand) {
        return false;
    }
    lab.last_command = command;
    std::ranges::replace_if(
        lab.last_command, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    return from.good();
}

} // namespace

std::string encode_tables(const Snapshot& snapshot, const Snapshot* before) {
    std::string bytes;
    put_lab(bytes, snapshot.lab, snapshot.mid_change);
    const std::vector<std::uint64_t> frames = frames_of(snapshot);
    put_varint(bytes, frames.size());
    std::uint64_t last = 0;
    for (const std::uint64_t number : frames) {
        const PhysAddr frame{number << 12};
        put_varint(bytes, number - last);
        last = number;
        put_words(bytes, words_or_zeros(&snapshot, frame), words_or_zeros(before, frame));
    }
    return bytes;
}

SharedSnapshot decode_tables(std::string_view bytes, const Snapshot* before) {
    ByteReader from(bytes);
    auto snapshot = std::make_shared<Snapshot>();
    if (!take_lab(from, *snapshot)) {
        return nullptr;
    }
    const std::uint64_t count = from.varint(kMostFrames);
    std::uint64_t number = 0;
    for (std::uint64_t i = 0; i < count && from.good(); ++i) {
        const std::uint64_t step = from.varint(kLastFrame);
        if ((i > 0 && step == 0) || number + step > kLastFrame) {
            return nullptr;
        }
        number += step;
        const PhysAddr frame{number << 12};
        TableWords words;
        if (!take_words(from, words, words_or_zeros(before, frame))) {
            return nullptr;
        }
        snapshot->tables.add(frame) = words;
    }
    if (!from.good() || !from.empty()) {
        return nullptr;
    }
    model::summarise(*snapshot);
    return snapshot;
}

} // namespace pagelab::console::recording

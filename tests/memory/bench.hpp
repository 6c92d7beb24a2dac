// A lab on a simulated machine, and what a test wants to know of it.
#pragma once

#include "kernel/memory/lab.hpp"
#include "tests/memory/simulator.hpp"

#include <map>
#include <memory>
#include <string>

namespace pagelab::simulation {

using interface::FrameRecord;
using interface::FrameRole;
using machine::ChangeOptions;
using machine::Refusal;
using paging::PhysAddr;

struct Bench {
    explicit Bench(std::uint32_t frames = 2048) : machine(frames), lab(machine) {
        lab.initialise(machine.map(), machine.facts());
    }

    /// Runs `operation` as one command.
    template <class F>
    auto command(F&& operation, bool keep = true) {
        lab.begin_command("test");
        auto result = operation();
        lab.end_command(interface::Status::ok, keep);
        return result;
    }

    auto map(std::uint32_t va, std::uint32_t count = 1, std::uint32_t attributes = paging::bits::kWritable) {
        return command(
            [&] { return lab.map({.va = VirtAddr{va}, .attributes = {attributes}, .count = count}); });
    }
    auto map_to(std::uint32_t va, std::uint64_t pa, std::uint32_t count = 1, bool large = false) {
        return command([&] {
            return lab.map({.va = VirtAddr{va}, .pa = PhysAddr{pa}, .large = large, .count = count});
        });
    }
    auto unmap(std::uint32_t va, std::uint32_t count = 1) {
        return command([&] { return lab.unmap({.va = VirtAddr{va}, .count = count}); });
    }

    [[nodiscard]] std::uint32_t pde(std::uint32_t pdi) const {
        return machine.word(Machine::kDirectory * 4096ull + pdi * 4);
    }
    [[nodiscard]] std::uint32_t pte(std::uint32_t va) const {
        return machine.word((pde(va >> 22) & ~0xfffu) + ((va >> 12) & 0x3ff) * 4ull);
    }

    Machine machine;
    memory::Lab<Machine> lab;
};

/// All that a command may change, A and D of present entries masked: the words of the directory and of every
/// table, and the records of all frames (of free ones only that they are free: their order is no promise).
struct State {
    std::map<std::uint64_t, std::uint32_t> words;
    std::map<std::uint32_t, std::uint32_t> records;
    std::uint32_t cr0 = 0, cr4 = 0, free = 0;
    bool operator==(const State&) const = default;
};

inline State state_of(Bench& bench) {
    State state;
    state.cr0 = bench.machine.cr0();
    state.cr4 = bench.machine.cr4();
    state.free = bench.lab.frames().free;
    const auto keep_table = [&](std::uint32_t frame) {
        for (std::uint64_t at = frame * 4096ull; at < (frame + 1) * 4096ull; at += 4) {
            const std::uint32_t word = bench.machine.word(at);
            state.words[at] = (word & 1) != 0 ? word & ~0x60u : word;
        }
    };
    for (std::uint32_t frame = 0; frame < bench.machine.frames(); ++frame) {
        const FrameRecord record = bench.lab.frame_record(PhysAddr{frame * 4096ull});
        if (record.role() == FrameRole::kernel) {
            continue; // frames that back records come and stay
        }
        state.records[frame] = record.role() == FrameRole::free ? 0 : record.raw();
        const bool fixed = frame == Machine::kRecordTable || frame == Machine::kScratchTable;
        if ((record.role() == FrameRole::table || record.role() == FrameRole::directory) && !fixed) {
            keep_table(frame);
        }
    }
    return state;
}

/// The state as if the frames that back records by now had done so then: they come and stay.
inline State with_record_pages_of(State state, Bench& bench) {
    std::erase_if(state.records, [&](const auto& item) {
        return bench.lab.frame_record(PhysAddr{item.first * 4096ull}).role() == FrameRole::kernel;
    });
    return state;
}

/// Where the first difference of two states lies, for a failure's text.
inline std::string difference(const State& a, const State& b) {
    for (const auto& [at, word] : a.words) {
        const auto other = b.words.find(at);
        if (other == b.words.end() || other->second != word) {
            return "word at " + std::to_string(at) + ": " + std::to_string(word) + " became " +
                   (other == b.words.end() ? "nothing" : std::to_string(other->second));
        }
    }
    for (const auto& [frame, record] : a.records) {
        const auto other = b.records.find(frame);
        if (other == b.records.end() || other->second != record) {
            return "record of frame " + std::to_string(frame) + ": " + std::to_string(record) + " became " +
                   (other == b.records.end() ? "nothing" : std::to_string(other->second));
        }
    }
    for (const auto& [at, word] : b.words) {
        if (!a.words.contains(at)) {
            return "word at " + std::to_string(at) + " is new: " + std::to_string(word);
        }
    }
    for (const auto& [frame, record] : b.records) {
        if (!a.records.contains(frame)) {
            return "record of frame " + std::to_string(frame) + " is new: " + std::to_string(record);
        }
    }
    return a == b
               ? "none"
               : "registers or counts: free " + std::to_string(a.free) + " became " + std::to_string(b.free);
}

} // namespace pagelab::simulation

#include "serial-console/src/model/update.hpp"

#include "serial-console/src/model/keys.hpp"

#include <algorithm>
#include <bitset>
#include <iterator>
#include <utility>

namespace pagelab::console::model {
namespace {

/// Notes which entries on the way to the cursor differ, A and D included: this is where one watches them.
void mark_walk(State& state, const Snapshot& before, const Snapshot& after) {
    const paging::Walk old_walk = before.walk(state.cursor);
    const paging::Walk new_walk = after.walk(state.cursor);
    for (std::size_t i = 0; i < state.walk_changes.size(); ++i) {
        const bool there = i < new_walk.step_count;
        const bool was_there = i < old_walk.step_count;
        if (there && (!was_there || old_walk.steps[i].raw != new_walk.steps[i].raw)) {
            state.walk_changes[i] = state.now;
        }
    }
}

void follow_change(State& state, const Snapshot& before, const Snapshot& after) {
    if (const auto va = state.follow ? first_change(before, after) : std::nullopt) {
        state.cursor = *va;
        state.walk_changes = {};
    }
}

/// Tables whose entries' changes are remembered at a time.
constexpr std::size_t kMarkedTables = 32;
constexpr std::size_t kMarkedFrames = 4096;

template <class Map, class Fades>
void drop_faded(Map& marks, Fades fades) {
    std::erase_if(marks, [&](const auto& item) { return fades(item.second); });
}

void drop_faded(State& state) {
    drop_faded(state.entry_changes, [&](const ChangeMarks& marks) { return !marks.glowing(state.now); });
    const auto faded = [&](Time changed) { return glow_level(changed, state.now) == 0; };
    drop_faded(state.frame_changes, faded);
    drop_faded(state.new_events, faded);
}

void mark_entries(State& state, const Snapshot& before, const Snapshot& after,
                  const std::bitset<paging::kEntryCount>& slots) {
    for (std::uint32_t pdi = 0; pdi < paging::kEntryCount; ++pdi) {
        // The slots of the kernel change with each command: its scratch pages.
        const bool user = pdi < interface::layout::kFirstKernelSlot || pdi == state.slot();
        if (!slots[pdi] || !user || state.entry_changes.size() >= kMarkedTables) {
            continue;
        }
        if (const auto entries = changed_entries(before, after, pdi); entries.any()) {
            state.entry_changes[pdi].mark(entries, state.now);
        }
    }
}

void mark_frames(State& state, const Snapshot& before, const Snapshot& after) {
    if (!before.frames || !after.frames || before.frames == after.frames) {
        return;
    }
    const std::size_t count = std::max(before.frames->records.size(), after.frames->records.size());
    for (std::uint64_t frame = 0; frame < count && state.frame_changes.size() < kMarkedFrames; ++frame) {
        if (before.frames->role(frame) != after.frames->role(frame)) {
            state.frame_changes[frame] = state.now;
        }
    }
}

void mark_events(State& state, const Snapshot& before, const Snapshot& after) {
    if (before.journal && after.journal && before.journal != after.journal && !before.journal->empty()) {
        state.new_events[before.journal->back().sequence + 1] = state.now;
    }
}

Effects handle(State& state, const KeyPressed& event) {
    return press(state, event.key);
}

Effects handle(State& state, const MouseUsed& event) {
    return use_mouse(state, event);
}

Effects handle(State& state, const SerialReceived& event) {
    state.screen.feed(event.bytes);
    return state.screen.take_bell() ? Effects{RingBell{}} : Effects{};
}

Effects handle(State& state, const Resized& event) {
    state.size = event.size;
    return {};
}

Effects handle(State& state, const SnapshotTaken& event) {
    drop_faded(state);
    if (state.snapshot && state.snapshot->has_directory() && event.snapshot->has_directory()) {
        const Snapshot& before = *state.snapshot;
        const auto slots = changed_slots(before, *event.snapshot);
        state.changes.mark(slots, state.now);
        follow_change(state, before, *event.snapshot);
        mark_walk(state, before, *event.snapshot);
        mark_entries(state, before, *event.snapshot, slots);
        mark_frames(state, before, *event.snapshot);
        mark_events(state, before, *event.snapshot);
    }
    state.snapshot = event.snapshot;
    state.waiting.clear();
    if (state.view == View::check) {
        return {Ask{View::check, "check"}};
    }
    return state.view == View::regs ? Effects{ReadRegisters{}} : Effects{};
}

Effects handle(State& state, const SnapshotMissing& event) {
    state.snapshot.reset();
    state.waiting = event.reason;
    return {};
}

Effects handle(State& state, const RunChanged& event) {
    // Whoever held the guest may have changed its memory.
    const bool changed = state.run != event.run;
    state.run = event.run;
    return changed ? Effects{LookAgain{}} : Effects{};
}

Effects handle(State& state, const GuestDied& event) {
    state.death = Death{event.can_go_back};
    state.scroll = 0;
    state.question.reset();
    for (const std::string& line : event.report) {
        state.screen.feed("\r\n" + line);
    }
    state.screen.feed("\r\n");
    return {RingBell{}, LookAgain{}};
}

Effects handle(State& state, const GuestReturned&) {
    state.death.reset();
    state.run = Run::running;
    return {LookAgain{}};
}

Effects handle(State& state, const Told& event) {
    state.note = event.note;
    return {};
}

Effects handle(State& state, const Answered& event) {
    if (event.view == View::check) {
        state.findings.lines = event.lines;
        state.findings.selected =
            std::min(state.findings.selected, std::max<std::size_t>(event.lines.size(), 1) - 1);
        return {};
    }
    state.answer = {event.line, event.lines, 0};
    return show_view(state, View::answer);
}

Effects handle(State& state, const RegistersRead& event) {
    state.registers = event.registers;
    return {};
}

Effects handle(State& state, const LinesWait& event) {
    state.lines_waiting = event.count;
    return {};
}

Effects handle(State&, const Tick&) {
    return {};
}

} // namespace

int State::entry_glow(std::uint32_t pdi, std::uint32_t pti) const {
    const auto found = entry_changes.find(pdi);
    return found == entry_changes.end() ? 0 : found->second.level(pti, now);
}

int State::frame_glow(std::uint64_t frame) const {
    const auto found = frame_changes.find(frame);
    return found == frame_changes.end() ? 0 : glow_level(found->second, now);
}

int State::event_glow(std::uint32_t sequence) const {
    const auto behind = new_events.upper_bound(sequence);
    return behind == new_events.begin() ? 0 : glow_level(std::prev(behind)->second, now);
}

bool State::animated() const {
    const auto glows = [&](std::optional<Time> changed) { return glow_level(changed, now) > 0; };
    const auto any = [&](const auto& marks) {
        return std::ranges::any_of(marks, [&](const auto& item) { return glows(item.second); });
    };
    return changes.glowing(now) || glows(walk_changes[0]) || glows(walk_changes[1]) || any(frame_changes) ||
           any(new_events);
}

std::vector<Effect> update(State& state, const Event& event) {
    state.now = event.at;
    return std::visit([&](const auto& what) { return handle(state, what); }, event.what);
}

} // namespace pagelab::console::model

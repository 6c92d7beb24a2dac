#include "serial-console/src/model/update.hpp"

#include "serial-console/src/model/keys.hpp"

#include <utility>

namespace pagelab::console::model {
namespace {

using Effects = std::vector<Effect>;

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

Effects handle(State& state, const KeyPressed& event) {
    return press(state, event.key);
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
    if (state.snapshot && state.snapshot->has_directory() && event.snapshot->has_directory()) {
        state.changes.mark(changed_slots(*state.snapshot, *event.snapshot), state.now);
        follow_change(state, *state.snapshot, *event.snapshot);
        mark_walk(state, *state.snapshot, *event.snapshot);
    }
    state.snapshot = event.snapshot;
    state.waiting.clear();
    return {};
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

Effects handle(State&, const Tick&) {
    return {};
}

} // namespace

bool State::animated() const {
    if (changes.glowing(now)) {
        return true;
    }
    return glow_level(walk_changes[0], now) > 0 || glow_level(walk_changes[1], now) > 0;
}

std::vector<Effect> update(State& state, const Event& event) {
    state.now = event.at;
    return std::visit([&](const auto& what) { return handle(state, what); }, event.what);
}

} // namespace pagelab::console::model

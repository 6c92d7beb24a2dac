// All that the picture knows: what the screen is drawn from. Values only; update.hpp changes it, view/ draws
// it.
#pragma once

#include "kernel/interface/layout.hpp"
#include "serial-console/src/machine/registers.hpp"
#include "serial-console/src/model/change_marks.hpp"
#include "serial-console/src/model/layout.hpp"
#include "serial-console/src/model/snapshot.hpp"
#include "serial-console/src/model/views.hpp"
#include "serial-console/src/model/vt_screen.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pagelab::console::model {

/// What QMP says of the machine.
enum class Run : std::uint8_t {
    unknown,
    running,
    stopped_by_gdb,
    stopped, // by this console, or by somebody else's QMP monitor
};

/// What the bottom line asks for.
enum class Asked : std::uint8_t {
    address, // to go to
    search,  // in the address space
    verb,    // of the shell's
    text,    // in the terminal's lines
};

struct Question {
    Asked what = Asked::address;
    std::string text;
    std::string error;
};

/// The guest died, and the user chooses what next.
struct Death {
    bool can_go_back = false; // to the state before the last line
};

/// Lines that a view shows, one of them selected.
struct LineList {
    std::string title;
    std::vector<std::string> lines;
    std::size_t selected = 0;
};

struct State {
    std::string name; // of the run
    Size size{24, 80};
    Time now{0};

    Pane focus = Pane::terminal;
    View view = View::directory;
    /// Where Esc leads from an answer.
    View view_before = View::directory;
    bool zoomed = false;
    bool prefix = false; // Ctrl-] was pressed, the next key is for the console
    bool help = false;
    bool mouse = false; // clicks are the picture's; else the user's own terminal has them
    std::optional<Question> question;
    std::string note; // one sentence for the bottom line, until the next key

    VtScreen screen;
    std::size_t scroll = 0; // rows of the terminal scrolled back
    /// What was searched last: in the terminal, and in the address space.
    std::string text_search;
    std::string search;
    /// Lines that were pasted and wait until the shell is ready for them.
    std::size_t lines_waiting = 0;

    /// Whose walk is shown. It begins where the kernel's image is mapped.
    paging::VirtAddr cursor{interface::layout::kDirectMap.raw() +
                            static_cast<std::uint32_t>(interface::layout::kKernelLoad.raw())};
    /// The cursor goes to what a command changed, until the user moves it himself.
    bool follow = true;
    /// The frame under the cursor of the view of physical memory, by number.
    std::uint64_t frame_cursor = interface::layout::kKernelLoad.frame();
    /// The journal's record that is selected; nothing: the newest.
    std::optional<std::uint32_t> event;
    LineList findings;
    LineList answer;
    std::optional<machine::CpuRegisters> registers;

    /// Null until there is a kernel to look at; then `waiting` says what for.
    std::shared_ptr<const Snapshot> snapshot;
    std::string waiting = "waiting for the kernel";
    ChangeMarks changes;
    /// Entries of tables that changed a short while ago, by directory slot.
    std::map<std::uint32_t, ChangeMarks> entry_changes;
    /// Frames whose record changed, and the journal's records from which on they are new.
    std::map<std::uint64_t, Time> frame_changes;
    std::map<std::uint32_t, Time> new_events;
    /// When the entries on the way to `cursor` last changed: PDE, PTE.
    std::array<std::optional<Time>, 2> walk_changes{};

    Run run = Run::unknown;
    std::optional<Death> death;

    [[nodiscard]] Layout layout() const { return arrange(size, focus, zoomed, view); }
    /// The directory slot under the cursor.
    [[nodiscard]] std::uint32_t slot() const { return cursor.directory_index(); }
    [[nodiscard]] bool has_directory() const {
        return snapshot && snapshot->has_directory() && snapshot->lab.context.control.paging();
    }
    /// How bright an entry of a table, a frame or a record of the journal still glows.
    [[nodiscard]] int entry_glow(std::uint32_t pdi, std::uint32_t pti) const;
    [[nodiscard]] int frame_glow(std::uint64_t frame) const;
    [[nodiscard]] int event_glow(std::uint32_t sequence) const;
    /// Whether the screen changes although nothing happens.
    [[nodiscard]] bool animated() const;
};

} // namespace pagelab::console::model

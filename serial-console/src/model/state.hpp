// All that the picture knows: what the screen is drawn from. Values only; update.hpp changes it, view/ draws
// it.
#pragma once

#include "kernel/interface/layout.hpp"
#include "serial-console/src/model/change_marks.hpp"
#include "serial-console/src/model/layout.hpp"
#include "serial-console/src/model/snapshot.hpp"
#include "serial-console/src/model/vt_screen.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace pagelab::console::model {

/// What QMP says of the machine.
enum class Run : std::uint8_t {
    unknown,
    running,
    stopped_by_gdb,
    stopped, // by somebody else: the user's own QMP monitor
};

/// The bottom line while it asks for an address.
struct Question {
    std::string text;
    std::string error;
};

/// The guest died, and the user chooses what next.
struct Death {
    bool can_go_back = false; // to the state before the last line
};

struct State {
    std::string name; // of the run
    Size size{24, 80};
    Time now{0};

    Pane focus = Pane::terminal;
    bool zoomed = false;
    bool prefix = false; // Ctrl-] was pressed, the next key is for the console
    bool help = false;
    std::optional<Question> question;
    std::string note; // one sentence for the bottom line, until the next key

    VtScreen screen;
    std::size_t scroll = 0; // rows of the terminal scrolled back

    /// Whose walk is shown. It begins where the kernel's image is mapped.
    paging::VirtAddr cursor{interface::layout::kDirectMap.raw() +
                            static_cast<std::uint32_t>(interface::layout::kKernelLoad.raw())};
    /// The cursor goes to what a command changed, until the user moves it himself.
    bool follow = true;
    /// Null until there is a kernel to look at; then `waiting` says what for.
    std::shared_ptr<const Snapshot> snapshot;
    std::string waiting = "waiting for the kernel";
    ChangeMarks changes;
    /// When the entries on the way to `cursor` last changed: PDE, PTE.
    std::array<std::optional<Time>, 2> walk_changes{};

    Run run = Run::unknown;
    std::optional<Death> death;

    [[nodiscard]] Layout layout() const { return arrange(size, focus, zoomed); }
    /// The directory slot under the cursor.
    [[nodiscard]] std::uint32_t slot() const { return cursor.directory_index(); }
    /// Whether the screen changes although nothing happens.
    [[nodiscard]] bool animated() const;
};

} // namespace pagelab::console::model

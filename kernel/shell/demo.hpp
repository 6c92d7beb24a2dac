// The pitfalls of paging as scripts of commands, and the one that runs. For the command `demo` and the Shell,
// which runs each step as a command of its own. Changes nothing itself but what it takes back at the end.
//
// A script is lines. The first character of a line says what it is:
//   >  a command that ends well      !  a command that ends with an error
//   #  a command that faults         else: a sentence for the reader, printed as it is
// Placeholders are filled in when the line's turn comes, so that the script works whatever is mapped. It has
// two free directory slots, A and B, with pages 0 to 3 in A and 4 to 7 in B:
//   %0 ... %7  address of a page            $0 ... $7  the frame that the page leads to
//   %A %B      number of the slot           $A $B      the frame of the slot's table
//   %w         the PTE of page 0, in slot 1023       $D  the directory's frame
//   %W         the same, as slot B would show it if it were a self-map
//   %S         number of the space that the script made last
//   %o         bytes from the directory's start to PDE A
//   %e %c      words 361 and 1023 of page 0 ($t: slot A's table by its virtual address, spelled as physical)
// A frame that is gone keeps its last value, so that a script can still name it.
#pragma once

#include "kernel/interface/marks.hpp"
#include "kernel/machine/machine.hpp"
#include "kernel/shell/print.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace pagelab::shell {

struct Demo {
    Literal name;
    Literal pitfall;
    Literal script;
};

/// Every demo, in the order of the list.
[[nodiscard]] std::span<const Demo> demos();

/// The demo that runs. Part of the Shell's static memory: between two steps nothing is on the stack.
class Demonstration {
public:
    /// Looks for room; the script begins with the next step. Refused without two free slots, the self-map in
    /// slot 1023, or a few frames: then it says why.
    [[nodiscard]] const char* start(machine::Machine& machine, const Demo& demo);
    [[nodiscard]] bool active() const { return left_ != nullptr; }
    /// Prints what stands before the next command; false at the end of the script.
    [[nodiscard]] bool next(machine::Machine& machine, Output& out);
    [[nodiscard]] std::string_view command() const { return command_.view(); }
    /// Whether this is how the last command was to end.
    [[nodiscard]] bool expects(interface::Status status) const { return status == expected_; }
    /// Ends it and takes back all that its commands did and that still stands, within a command. False if
    /// something could not be taken back.
    [[nodiscard]] bool end(machine::Machine& machine);

    static constexpr std::size_t kLongestCommand = 96;

private:
    static constexpr std::uint32_t kPagesOfSlot = 4;

    [[nodiscard]] bool find_slots(machine::Machine& machine);
    [[nodiscard]] paging::VirtAddr page(std::uint32_t number) const;
    /// Notes which frames pages and slots lead to now.
    void look(machine::Machine& machine);
    void expand(machine::Machine& machine, Output& out, std::string_view line) const;
    void put_virtual(machine::Machine& machine, Output& out, char what) const;
    void put_physical(machine::Machine& machine, Output& out, char what) const;

    const char* left_ = nullptr; // of the script; nothing runs without
    std::uint32_t since_ = 0;    // the journal's first record of it
    interface::Status expected_ = interface::Status::ok;
    std::array<std::uint32_t, 2> slots_{};
    std::array<paging::PhysAddr, 2 * kPagesOfSlot> frames_{};
    std::array<paging::PhysAddr, 2> tables_{};
    Text<kLongestCommand> command_;
};

} // namespace pagelab::shell

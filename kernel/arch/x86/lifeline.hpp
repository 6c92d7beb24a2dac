// The lifeline: GDT, IDT and TSSs, and all that lets the rescue take over. Installed once by main; the access
// primitives move TSS.esp0; the audit asks whether it still is as it must be. What it must be is in
// kernel/rescue's pure headers.
#pragma once

#include "kernel/interface/rescue_notes.hpp"
#include "kernel/rescue/descriptors.hpp"

#include <cstdint>

namespace pagelab::arch {

/// Makes the lifeline's pages and the rescue's tables, shows them in slot 1021 of the boot directory, loads
/// GDT, segment registers, task register and IDT. The boot tables must still map the image, writable.
void install_lifeline();

/// Keeps a copy of code, constants and data as they are now with a sum for each page, and tells the rescue
/// what it can't know: from here on it can be entered. Before the boot tables are made strict and any data
/// changes that a restart must find as it was linked… so as early as the facts are known.
void arm_rescue(const interface::RescueFacts& facts);

/// What kernel and rescue write for each other.
[[nodiscard]] interface::RescueNotes& rescue_notes();

/// An exception as the kernel saw it, for the rescue's report.
struct Distress {
    std::uint32_t vector = 0, code = 0, eip = 0, esp = 0, eflags = 0, cr2 = 0;
};
/// Hands the machine to the rescue, which comes back by rescued_entry or restart_entry.
[[noreturn]] void call_rescue(const Distress& distress);

/// Puts the lifeline's pages, the rescue's tables, segment and descriptor registers, DR7 and EFLAGS right;
/// adds to `repairs` what was not.
void mend_lifeline(interface::Repairs& repairs);

/// Whether code and constants are as they were when the rescue was armed.
[[nodiscard]] bool code_is_whole();

/// The rescue's code as it must be, where its sum says that it is not and the copy's that it is: a rescue
/// can't mend what it runs on.
void mend_rescue_code();

} // namespace pagelab::arch

// How a guest died, in words: its last command, which structure the CPU could not reach and the entry that
// stopped the walk to it, the last records of the journal, the registers. For every console, and for one that
// hangs. Pure: memory is a function, and nothing in it is trusted.
#pragma once

#include "serial-console/src/machine/registers.hpp"

#include "kernel/interface/lab_page.hpp"
#include "kernel/paging/address.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pagelab::console::machine {

/// The word at a physical address, a multiple of 4; nothing beyond RAM.
using PhysicalReader = std::function<std::optional<std::uint32_t>(paging::PhysAddr)>;

/// Did it die while it was being rescued? The rescue has a directory of its own, and the kernel writes down
/// each CR3 that it loads.
[[nodiscard]] bool died_in_rescue(const CpuRegisters& registers, const interface::LabPage& page);

/// What the CPU needs for the next instruction and for an exception, and cannot reach: one sentence for each
/// reason. Empty if all of it can be reached.
[[nodiscard]] std::vector<std::string> obstacles(const CpuRegisters& registers, const PhysicalReader& read);

/// All of it, one line each. `page` is nothing where there is no lab page.
[[nodiscard]] std::vector<std::string> post_mortem(const CpuRegisters& registers,
                                                   const std::optional<interface::LabPage>& page,
                                                   const PhysicalReader& read);

} // namespace pagelab::console::machine

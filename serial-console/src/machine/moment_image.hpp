// An empty qcow2 image, for a QEMU that must be given one when it starts: while it replays it makes none by
// itself. Pure bytes, as docs/interop/qcow2.txt of QEMU describes them.
#pragma once

#include <string>

namespace pagelab::console::machine {

/// A disk of 1 MiB without contents: version 2, clusters of 64 KiB.
[[nodiscard]] std::string empty_qcow2();

} // namespace pagelab::console::machine

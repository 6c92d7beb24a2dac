#include "kernel/memory/thorough_audit.hpp"

#include "kernel/memory/cpu_hardware.hpp"

// Compiled for size, apart from the audit of every command.
template class pagelab::memory::ThoroughAudit<pagelab::memory::CpuHardware>;

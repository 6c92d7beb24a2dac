#include "kernel/memory/audit.hpp"

#include "kernel/memory/cpu_hardware.hpp"

extern template class pagelab::memory::ThoroughAudit<pagelab::memory::CpuHardware>; // in thorough_audit.cpp

// Apart from the rest of the lab, which is compiled for size: this runs at the end of every command.
template class pagelab::memory::Audit<pagelab::memory::CpuHardware>;

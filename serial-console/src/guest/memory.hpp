// Physical memory of a guest, wherever it comes from: a shared file or QEMU's monitor. Reading never changes
// the guest. What is read may change at any time and is not trusted.
#pragma once

#include "kernel/paging/address.hpp"
#include "serial-console/src/model/table_copy.hpp"

#include <vector>

namespace pagelab::console::guest {

class Memory {
public:
    virtual ~Memory() = default;

    /// Copies the frame at `frame`, a multiple of 4096; false where there is no RAM or it can't be read.
    [[nodiscard]] virtual bool copy_frame(paging::PhysAddr frame, model::TableWords& into) const = 0;
    /// Whether the frame is known to hold these words; false where that costs as much as a copy.
    [[nodiscard]] virtual bool holds(paging::PhysAddr /*frame*/, const model::TableWords& /*words*/) const {
        return false;
    }
    /// Where RAM is, in the order of addresses.
    [[nodiscard]] virtual std::vector<paging::PhysRange> ranges() const = 0;

protected:
    Memory() = default;
    Memory(const Memory&) = default;
    Memory& operator=(const Memory&) = default;
};

} // namespace pagelab::console::guest

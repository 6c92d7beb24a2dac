// Keeps long operations alive and stoppable: now and then a step moves the heartbeat and looks at the
// console. For every loop over pages in this room.
#pragma once

#include "kernel/memory/hardware.hpp"

namespace pagelab::memory {

template <Hardware H>
class Breath {
public:
    explicit constexpr Breath(H& hw) : hw_(hw) {}

    void begin() { interrupted_ = false; }

    /// To be called for each page or so. False once a Ctrl-C came; then the operation is to be taken back.
    bool take() {
        steps_ += 1;
        if (steps_ % kStepsPerBreath == 0) {
            volatile interface::LabPage& page = hw_.lab_page();
            page.heartbeat = page.heartbeat + 1;
            interrupted_ = hw_.drain() || interrupted_;
        }
        return !interrupted_;
    }
    [[nodiscard]] bool interrupted() const { return interrupted_; }

private:
    /// A page costs some microseconds at most: a breath each few milliseconds.
    static constexpr std::uint32_t kStepsPerBreath = 512;

    H& hw_;
    std::uint32_t steps_ = 0;
    bool interrupted_ = false;
};

} // namespace pagelab::memory

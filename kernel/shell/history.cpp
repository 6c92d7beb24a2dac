#include "kernel/shell/history.hpp"

namespace pagelab::shell {

void History::add(std::string_view line) {
    if (line.empty() || line.size() > interface::kMaxLine || line == back(1)) {
        return;
    }
    Line& slot = lines_[count_ % kHistoryLines];
    line.copy(slot.text.data(), line.size());
    slot.size = static_cast<std::uint16_t>(line.size());
    ++count_;
}

std::string_view History::back(std::size_t back) const {
    if (back == 0 || back > size()) {
        return {};
    }
    const Line& line = lines_[(count_ - back) % kHistoryLines];
    return {line.text.data(), line.size};
}

} // namespace pagelab::shell

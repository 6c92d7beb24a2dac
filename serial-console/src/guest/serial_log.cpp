#include "serial-console/src/guest/serial_log.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace pagelab::console::guest {
namespace {

constexpr std::streamoff kTail = std::streamoff{128} << 10;

} // namespace

std::string read_serial_log(const std::filesystem::path& file) {
    std::ifstream log(file, std::ios::binary | std::ios::ate);
    const std::streamoff size = log.tellg();
    if (!log || size <= 0) {
        return {};
    }
    const std::streamoff first = std::max<std::streamoff>(size - kTail, 0);
    log.seekg(first);
    std::string text{std::istreambuf_iterator<char>(log), std::istreambuf_iterator<char>()};
    if (first > 0) {
        text.erase(0, text.find('\n') + 1);
    }
    return text;
}

std::size_t overlap(std::string_view earlier, std::string_view later) {
    for (std::size_t length = std::min(earlier.size(), later.size()); length > 0; --length) {
        if (earlier.ends_with(later.substr(0, length))) {
            return length;
        }
    }
    return 0;
}

} // namespace pagelab::console::guest

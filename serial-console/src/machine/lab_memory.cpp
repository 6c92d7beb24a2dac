#include "serial-console/src/machine/lab_memory.hpp"

#include "serial-console/src/machine/file_descriptor.hpp"

#include "kernel/interface/layout.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstddef>

namespace pagelab::console::machine {
namespace {

constexpr std::size_t kBytes = 4096;

} // namespace

std::optional<LabMemory> LabMemory::open(const std::filesystem::path& ram) {
    const FileDescriptor file(::open(ram.c_str(), O_RDONLY | O_CLOEXEC));
    constexpr auto kOffset = static_cast<off_t>(interface::layout::kLabPage.raw());
    struct stat status {};
    // Reading a mapping beyond the file's end would be fatal.
    if (!file || ::fstat(file.get(), &status) != 0 || status.st_size < kOffset + static_cast<off_t>(kBytes)) {
        return std::nullopt;
    }
    void* const page = ::mmap(nullptr, kBytes, PROT_READ, MAP_SHARED, file.get(), kOffset);
    if (page == MAP_FAILED) {
        return std::nullopt;
    }
    return LabMemory(static_cast<const volatile interface::LabPage*>(page));
}

LabMemory::~LabMemory() {
    if (page_ != nullptr) {
        ::munmap(const_cast<interface::LabPage*>(page_), kBytes);
    }
}

bool LabMemory::valid() const {
    for (std::size_t i = 0; i < interface::kLabMagic.size(); ++i) {
        // Byte by byte: the accessors of std::array do not take volatile.
        if (reinterpret_cast<const volatile char*>(page_)[offsetof(interface::LabPage, magic) + i] !=
            interface::kLabMagic[i]) {
            return false;
        }
    }
    return page_->version == interface::kLabVersion;
}

std::optional<interface::LabState> LabMemory::state() const {
    if (!valid()) {
        return std::nullopt;
    }
    const std::uint32_t state = page_->state;
    if (state >= interface::kLabStateNames.size()) {
        return std::nullopt;
    }
    return static_cast<interface::LabState>(state);
}

std::optional<std::uint32_t> LabMemory::heartbeat() const {
    if (!valid()) {
        return std::nullopt;
    }
    return page_->heartbeat;
}

} // namespace pagelab::console::machine

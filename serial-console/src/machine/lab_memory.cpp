#include "serial-console/src/machine/lab_memory.hpp"

#include "serial-console/src/machine/file_descriptor.hpp"
#include "serial-console/src/machine/host_word.hpp"

#include "kernel/interface/layout.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <array>
#include <cstddef>
#include <cstring>

namespace pagelab::console::machine {
namespace {

constexpr std::size_t kBytes = 4096;

/// Null if it can't be mapped.
void* map_lab_page(const std::filesystem::path& ram, int protection) {
    const int mode = (protection & PROT_WRITE) != 0 ? O_RDWR : O_RDONLY;
    const FileDescriptor file(::open(ram.c_str(), mode | O_CLOEXEC));
    constexpr auto kOffset = static_cast<off_t>(interface::layout::kLabPage.raw());
    struct stat status {};
    // Reading a mapping beyond the file's end would be fatal.
    if (!file || ::fstat(file.get(), &status) != 0 || status.st_size < kOffset + static_cast<off_t>(kBytes)) {
        return nullptr;
    }
    void* const page = ::mmap(nullptr, kBytes, protection, MAP_SHARED, file.get(), kOffset);
    return page == MAP_FAILED ? nullptr : page;
}

} // namespace

std::optional<LabMemory> LabMemory::open(const std::filesystem::path& ram) {
    void* const page = map_lab_page(ram, PROT_READ);
    if (page == nullptr) {
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
    const auto now = raw_state();
    if (left_over_ && now == left_over_) {
        return std::nullopt;
    }
    left_over_.reset();
    return now;
}

std::optional<interface::LabState> LabMemory::raw_state() const {
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

std::uint32_t LabMemory::commands() const {
    return valid() ? page_->command_count : 0;
}

std::optional<std::uint32_t> LabMemory::undo_request() const {
    if (!valid() || page_->request != static_cast<std::uint32_t>(interface::HostRequest::undo_machine)) {
        return std::nullopt;
    }
    return page_->request_argument;
}

std::optional<interface::LabPage> LabMemory::copy() const {
    if (!valid()) {
        return std::nullopt;
    }
    interface::LabPage page {};
    const auto* const from = reinterpret_cast<const volatile std::uint32_t*>(page_);
    std::array<std::uint32_t, sizeof(page) / sizeof(std::uint32_t)> words{};
    for (std::size_t i = 0; i < words.size(); ++i) {
        words[i] = from[i];
    }
    std::memcpy(&page, words.data(), sizeof(page));
    page.last_command.back() = '\0';
    return page;
}

std::optional<HostWord> HostWord::open(const std::filesystem::path& ram) {
    void* const page = map_lab_page(ram, PROT_READ | PROT_WRITE);
    if (page == nullptr) {
        return std::nullopt;
    }
    return HostWord(static_cast<volatile interface::LabPage*>(page));
}

HostWord::~HostWord() {
    if (page_ != nullptr) {
        ::munmap(const_cast<interface::LabPage*>(page_), kBytes);
    }
}

} // namespace pagelab::console::machine

#include "serial-console/src/guest/ram.hpp"

#include "serial-console/src/machine/file_descriptor.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace pagelab::console::guest {
namespace {

/// The least that any machine type keeps below 4 GiB: q35 with 2.75 GiB and more.
constexpr std::uint64_t kAlwaysLow = std::uint64_t{2} << 30;
/// RAM up to this size lies below 4 GiB as a whole, on every machine type.
constexpr std::uint64_t kAllLow = 0xb0000000;

/// One word as the guest wrote it: read once, as a whole, in order.
std::uint32_t load(const std::uint32_t* word) {
    // Reading does not change the object; atomic_ref of a const type comes with C++26 only.
    return std::atomic_ref<std::uint32_t>{*const_cast<std::uint32_t*>(word)}.load(std::memory_order_acquire);
}

} // namespace

std::expected<Ram, std::string> Ram::open(const std::filesystem::path& file) {
    const auto failure = [&](const char* what) {
        return std::unexpected(fmt::format("{}: {}: {}", file.string(), what, std::strerror(errno)));
    };
    const machine::FileDescriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!descriptor) {
        return failure("can't be opened");
    }
    struct stat status {};
    if (::fstat(descriptor.get(), &status) != 0) {
        return failure("can't be examined");
    }
    const auto bytes = static_cast<std::uint64_t>(std::max<off_t>(status.st_size, 0)) & ~std::uint64_t{0xfff};
    if (bytes == 0) {
        return std::unexpected(fmt::format("{}: is empty", file.string()));
    }
    void* const place = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, descriptor.get(), 0);
    if (place == MAP_FAILED) {
        return failure("can't be mapped");
    }
    return Ram{static_cast<const std::uint32_t*>(place), bytes};
}

Ram::~Ram() {
    if (words_ != nullptr) {
        ::munmap(const_cast<std::uint32_t*>(words_), bytes_);
    }
}

std::uint64_t Ram::identity_bytes() const {
    return bytes_ < kAllLow ? bytes_ : kAlwaysLow;
}

std::optional<std::uint32_t> Ram::word(paging::PhysAddr address) const {
    if (address.raw() >= identity_bytes() || !address.is_aligned(sizeof(std::uint32_t))) {
        return std::nullopt;
    }
    return load(words_ + address.raw() / sizeof(std::uint32_t));
}

const std::uint32_t* Ram::frame_words(paging::PhysAddr frame) const {
    if (frame.raw() >= identity_bytes() || !frame.is_aligned(paging::kPageSize)) {
        return nullptr;
    }
    return words_ + frame.raw() / sizeof(std::uint32_t);
}

// Both move aligned vectors, whose words x86 never tears; the fences keep them where they stand.
bool Ram::copy_frame(paging::PhysAddr frame, model::TableWords& into) const {
    const std::uint32_t* const from = frame_words(frame);
    if (from == nullptr) {
        return false;
    }
    std::atomic_thread_fence(std::memory_order_acquire);
    std::memcpy(into.data(), from, sizeof(into));
    std::atomic_thread_fence(std::memory_order_acquire);
    return true;
}

bool Ram::holds(paging::PhysAddr frame, const model::TableWords& words) const {
    const std::uint32_t* const from = frame_words(frame);
    std::atomic_thread_fence(std::memory_order_acquire);
    const bool same = from != nullptr && std::memcmp(words.data(), from, sizeof(words)) == 0;
    std::atomic_thread_fence(std::memory_order_acquire);
    return same;
}

std::vector<paging::PhysRange> Ram::ranges() const {
    return {{paging::PhysAddr{0}, paging::PhysAddr{identity_bytes()}}};
}

} // namespace pagelab::console::guest

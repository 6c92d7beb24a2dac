#include "serial-console/src/machine/moment_image.hpp"

#include <cstddef>
#include <cstdint>

namespace pagelab::console::machine {
namespace {

constexpr unsigned kClusterBits = 16;
constexpr std::size_t kCluster = std::size_t{1} << kClusterBits;
constexpr std::uint64_t kDiskBytes = std::uint64_t{1} << 20;
/// One cluster each, in this order.
constexpr std::uint64_t kRefcountTable = 1 * kCluster;
constexpr std::uint64_t kRefcountBlock = 2 * kCluster;
constexpr std::uint64_t kL1Table = 3 * kCluster;
constexpr std::size_t kClusters = 4;

class Image {
public:
    /// Numbers are big-endian.
    void put(std::uint64_t at, std::uint64_t value, unsigned bytes) {
        for (unsigned i = 0; i < bytes; ++i) {
            bytes_[at + i] = static_cast<char>(value >> (8 * (bytes - 1 - i)));
        }
    }
    [[nodiscard]] std::string take() { return std::move(bytes_); }

private:
    std::string bytes_ = std::string(kClusters * kCluster, '\0');
};

} // namespace

std::string empty_qcow2() {
    constexpr std::uint32_t kMagic = 0x514649fb;
    Image image;
    image.put(0, kMagic, 4);
    image.put(4, 2, 4); // version
    image.put(20, kClusterBits, 4);
    image.put(24, kDiskBytes, 8);
    image.put(36, 1, 4); // entries of the L1 table
    image.put(40, kL1Table, 8);
    image.put(48, kRefcountTable, 8);
    image.put(56, 1, 4); // clusters of the refcount table
    image.put(kRefcountTable, kRefcountBlock, 8);
    for (std::size_t cluster = 0; cluster < kClusters; ++cluster) {
        image.put(kRefcountBlock + 2 * cluster, 1, 2);
    }
    return image.take();
}

} // namespace pagelab::console::machine

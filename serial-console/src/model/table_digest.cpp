#include "serial-console/src/model/table_digest.hpp"

#include "kernel/paging/flags.hpp"

#include <cstddef>
#include <utility>

namespace pagelab::console::model {
namespace {

using paging::bits::kPresent;

constexpr std::uint32_t kSetByCpu = paging::bits::kAccessed | paging::bits::kDirty;
/// Entries that are looked at together: a cache line of them.
constexpr std::size_t kBlock = 16;
static_assert(paging::kEntryCount % kBlock == 0);

/// Whether all entries of the block continue one after the other; a loop that compilers make vectors of.
bool continues(const std::uint32_t* block) {
    std::uint32_t breaks = 0;
    for (std::size_t i = 1; i < kBlock; ++i) {
        breaks |= ((block[i] & ~kSetByCpu) - (block[i - 1] & ~kSetByCpu)) ^ paging::kPageSize;
    }
    return breaks == 0;
}

bool all_absent(const std::uint32_t* block) {
    std::uint32_t any = 0;
    for (std::size_t i = 0; i < kBlock; ++i) {
        any |= block[i];
    }
    return (any & kPresent) == 0;
}

class Digester {
public:
    void pass(const std::uint32_t* block, std::size_t first) {
        if (all_absent(block)) {
            close();
            return;
        }
        add(block[0], first);
        constexpr std::uint32_t kLastWhole = 0u - static_cast<std::uint32_t>(kBlock) * paging::kPageSize;
        if ((block[0] & kPresent) != 0 && block[0] < kLastWhole && continues(block)) {
            open_.count = static_cast<std::uint16_t>(open_.count + kBlock - 1);
            return;
        }
        for (std::size_t i = 1; i < kBlock; ++i) {
            add(block[i], first + i);
        }
    }

    TableDigest finish() {
        close();
        for (const TableRun& run : result_.runs) {
            result_.present = static_cast<std::uint16_t>(result_.present + run.count);
            result_.user =
                static_cast<std::uint16_t>(result_.user + ((run.raw & paging::bits::kUser) ? run.count : 0));
            result_.writable = static_cast<std::uint16_t>(
                result_.writable + ((run.raw & paging::bits::kWritable) ? run.count : 0));
        }
        return std::move(result_);
    }

private:
    void add(std::uint32_t word, std::size_t index) {
        const std::uint32_t raw = word & ~kSetByCpu;
        const std::uint64_t next = std::uint64_t{open_.raw} + std::uint64_t{open_.count} * paging::kPageSize;
        if (open_.count != 0 && raw == next) {
            ++open_.count;
            return;
        }
        close();
        if ((raw & kPresent) != 0) {
            open_ = {static_cast<std::uint16_t>(index), 1, raw};
        }
    }
    void close() {
        if (open_.count != 0) {
            result_.runs.push_back(open_);
            open_ = {};
        }
    }

    TableDigest result_;
    TableRun open_;
};

} // namespace

TableDigest digest(const TableWords& words) {
    Digester digester;
    for (std::size_t first = 0; first < words.size(); first += kBlock) {
        digester.pass(words.data() + first, first);
    }
    return digester.finish();
}

} // namespace pagelab::console::model

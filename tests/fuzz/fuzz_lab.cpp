// The readers of the lab page, the frame records and the journal on any bytes: a snapshot and records, or a
// reason.
#include "fuzz_input.hpp"

#include "kernel/interface/lab_page.hpp"
#include "kernel/interface/layout.hpp"
#include "serial-console/src/ask/verbs.hpp"
#include "serial-console/src/guest/capture.hpp"
#include "serial-console/src/guest/lab_records.hpp"

#include <fmt/format.h>

#include <sys/mman.h>
#include <unistd.h>

using namespace pagelab;
using namespace pagelab::console;

namespace {

constexpr std::size_t kBytes = std::size_t{2} << 20;

/// 2 MiB that the fuzzer fills and guest/ maps as the RAM of a run.
struct Memory {
    int descriptor = ::memfd_create("ram", 0);
    char* bytes = nullptr;
    Memory() {
        if (::ftruncate(descriptor, kBytes) == 0) {
            bytes = static_cast<char*>(
                ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0));
        }
    }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Memory memory;
    static const auto ram = guest::Ram::open(fmt::format("/proc/self/fd/{}", memory.descriptor));
    fuzz::require(ram.has_value());
    fuzz::Input input(data, size);
    constexpr std::size_t kPage = interface::layout::kLabPage.raw();
    std::memset(memory.bytes + kPage, 0, paging::kPageSize);
    const std::string_view page = input.take(sizeof(interface::LabPage));
    std::memcpy(memory.bytes + kPage, page.data(), page.size());
    auto& lab = *reinterpret_cast<interface::LabPage*>(memory.bytes + kPage);
    lab.magic = interface::kLabMagic;
    lab.version = interface::kLabVersion;
    // What is left is memory, over and over; the directory lies within it.
    lab.cr3 &= kBytes - 1;
    const std::string_view rest = input.rest();
    for (std::size_t at = 0; !rest.empty() && at + rest.size() <= kPage; at += rest.size()) {
        std::memcpy(memory.bytes + at, rest.data(), rest.size());
        if (rest.size() < paging::kPageSize) {
            break;
        }
    }
    static_cast<void>(guest::read_pulse(*ram));
    const auto snapshot = guest::capture(*ram, guest::MidChange::accept);
    fuzz::require(snapshot.has_value());
    ask::Subject subject{*snapshot, guest::lab_ram(*ram), guest::read_lab_records(*ram, **snapshot)};
    fuzz::require(subject.lab->journal.size() <= interface::kJournalCapacity);
    static_cast<void>(ask::answer(subject, "log 1024"));
    static_cast<void>(ask::answer(subject, "log 1024 --json"));
    static_cast<void>(ask::answer(subject, "fault"));
    static_cast<void>(ask::answer(subject, "check"));
    return 0;
}

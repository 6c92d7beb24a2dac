// The QMP client against a monitor that says anything, and the parsers of what QEMU's monitor prints.
#include "fuzz_input.hpp"

#include "serial-console/src/guest/memory_map.hpp"
#include "serial-console/src/guest/monitor_memory.hpp"
#include "serial-console/src/machine/qmp_client.hpp"
#include "serial-console/src/machine/registers.hpp"

#include <sys/socket.h>
#include <unistd.h>

using namespace pagelab;
using namespace pagelab::console;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);

    static_cast<void>(machine::parse_registers(text));
    static_cast<void>(machine::parse_control(text));
    static_cast<void>(guest::parse_words(text));
    paging::PhysAddr last{0};
    for (const guest::RamPiece& piece : guest::parse_memory_map(text)) {
        fuzz::require(piece.range.first >= last && piece.range.first < piece.range.end);
        fuzz::require(piece.range.first.is_aligned(paging::kPageSize) &&
                      piece.range.end.is_aligned(paging::kPageSize));
        last = piece.range.end;
    }

    int ends[2];
    // What does not fit into a socket at once would block: nobody reads at the other end.
    constexpr std::size_t kMost = 60000;
    if (size > kMost || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
        return 0;
    }
    const machine::FileDescriptor ours(ends[0]);
    if (::write(ours.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
        ::close(ends[1]);
        return 0;
    }
    ::shutdown(ours.get(), SHUT_WR);
    auto client = machine::QmpClient::negotiate(machine::FileDescriptor(ends[1]), "fuzz",
                                                machine::Deadline(machine::milliseconds(100)));
    if (client) {
        static_cast<void>(client->human("info registers", machine::Deadline(machine::milliseconds(100))));
        while (client->next_event()) {
        }
    }
    return 0;
}

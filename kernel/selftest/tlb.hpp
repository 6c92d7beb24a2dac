// What the TLB of this CPU keeps: a translation is used, its entries change, and the access after that shows
// whether the old one lives on. Each fact is tried many times and counted. For the command `selftest` and the
// host's tests. Asks the rig, which leaves all as it was.
#pragma once

#include "kernel/machine/rig.hpp"

#include <array>
#include <cstdint>
#include <expected>
#include <string_view>

namespace pagelab::selftest {

/// What happens between the change of the entries and the access.
enum class TlbFlush : std::uint8_t { none, invlpg, cr3 };
inline constexpr std::array<std::string_view, 3> kTlbFlushNames = {"no flush", "invlpg", "CR3 reload"};

/// What becomes of a count.
enum class TlbLaw : std::uint8_t {
    none_may,   // SDM 3A 4.10.4: after this flush no old translation is used
    engine_says // both are allowed; an engine does one of them, always
};

/// How often an old translation answered.
struct TlbFact {
    std::string_view change;
    TlbFlush flush{};
    TlbLaw law{};
    std::uint32_t stale = 0;
};

inline constexpr std::uint32_t kTlbRounds = 1000;

/// Is told of each fact; `count` of them will come.
class TlbListener {
public:
    /// At least each 50 ms. True ends the run.
    [[nodiscard]] virtual bool poll() = 0;
    virtual void begin(std::uint32_t count) = 0;
    virtual void found(const TlbFact& fact) = 0;

protected:
    ~TlbListener() = default;
};

/// Opens the rig, runs all, and closes it.
[[nodiscard]] std::expected<void, machine::OperationError> run_tlb(machine::Rig& rig, TlbListener& listener);

} // namespace pagelab::selftest

// selftest: the kernel examines itself and the CPU, and says so in KTAP.
#include "kernel/selftest/invariants.hpp"
#include "kernel/selftest/matrix.hpp"
#include "kernel/selftest/tlb.hpp"
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/commands/refusals.hpp"
#include "kernel/shell/table.hpp"

namespace pagelab::shell::handlers {
namespace {

constexpr const char* kTests = "invariants matrix tlb";
constexpr const char* kSets = "quick full cache reserved";

/// The numbered lines of one run.
class Ktap {
public:
    explicit Ktap(Output& out) : out_(out) {}
    void begin(std::uint32_t count) { say(out_, "KTAP version 1\n1..{}\n", Decimal{count}); }
    /// The line up to the case's name.
    void result(bool holds) {
        number_ += 1;
        failed_ = failed_ || !holds;
        say(out_, holds ? "ok {} " : "not ok {} ", Decimal{number_});
    }
    [[nodiscard]] Status status() const { return failed_ ? Status::error : Status::ok; }

private:
    Output& out_;
    std::uint32_t number_ = 0;
    bool failed_ = false;
};

Status invariants(Invocation& invocation) {
    const auto cases = selftest::invariants();
    Ktap ktap{invocation.out};
    ktap.begin(static_cast<std::uint32_t>(cases.size()));
    for (const selftest::Case& test : cases) {
        const auto failure = test.check(invocation.machine);
        if (invocation.poll()) {
            break;
        }
        ktap.result(!failure);
        say(invocation.out, "{}\n", test.name);
        if (failure) {
            say(invocation.out, "# {}: {}\n", failure->text, failure->at);
        }
    }
    return ktap.status();
}

void put_control(Output& out, const selftest::MatrixControl& control) {
    namespace cr4 = paging::cr4;
    const auto on = [&](std::uint32_t bit) { return Decimal{(control.cr4 & bit) != 0 ? 1u : 0u}; };
    say(out, "WP={} PSE={} PGE={} SMEP={} SMAP={}", Decimal{control.write_protect ? 1u : 0u}, on(cr4::kPse),
        on(cr4::kPge), on(cr4::kSmep), on(cr4::kSmap));
}

/// `fault 0x00000007` or `no fault`.
void put_end(Output& out, bool fault, std::uint32_t code) {
    fault ? say(out, "fault {}", Hex{code}) : say(out, "no fault");
}

class MatrixReport final : public selftest::MatrixListener {
public:
    explicit MatrixReport(Invocation& invocation)
        : invocation_(invocation), out_(invocation.out), ktap_(invocation.out) {}

    bool poll() override { return invocation_.poll(); }

    void begin(std::uint32_t count) override { ktap_.begin(count); }
    void tried(const selftest::MatrixControl& control, const selftest::MatrixCounts& counts) override {
        ktap_.result(counts.of(selftest::Difference::unexplained) == 0);
        put_control(out_, control);
        say(out_, ": {} combinations\n", Decimal{counts.combinations});
        shown_ = 0;
    }
    void unexplained(const selftest::MatrixTrial& trial) override {
        constexpr std::uint32_t kMostShown = 4;
        if (++shown_ > kMostShown) {
            return;
        }
        constexpr const char* kKinds[] = {"read", "write", "fetch"};
        const paging::Access& access = trial.access.access;
        say(out_, "# ");
        put_control(out_, trial.control);
        say(out_, ", PDE {} PTE {}, {}{} by ring {}{}: predicted ", Hex{trial.before.pde},
            Hex{trial.before.pte}, trial.access.warm ? "second " : "",
            kKinds[static_cast<std::size_t>(access.kind)], Decimal{access.user ? 3u : 0u},
            access.ac ? " with AC" : "");
        put_end(out_, trial.predicted.fault, trial.predicted.code);
        say(out_, ", the CPU ");
        put_end(out_, trial.answer.faulted, trial.answer.code);
        say(out_, " CR2 {} value {} PDE {} PTE {}\n", Hex{trial.answer.cr2}, Hex{trial.answer.value},
            Hex{trial.after.pde}, Hex{trial.after.pte});
    }
    Status end(std::string_view set, const selftest::MatrixCounts& counts) {
        say(out_, "# matrix {}: {} combinations, differences:", set, Decimal{counts.combinations});
        for (std::size_t i = 0; i < counts.differences.size(); ++i) {
            say(out_, " {} {}", selftest::kDifferenceNames[i], Decimal{counts.differences[i]});
        }
        say(out_, "\n");
        return ktap_.status();
    }

private:
    Invocation& invocation_;
    Output& out_;
    Ktap ktap_;
    std::uint32_t shown_ = 0;
};

Status unknown_set(Invocation& invocation, std::string_view typed) {
    if (const std::string_view near = nearest_word(typed, kSets); !near.empty()) {
        return invocation.fail("the matrix has no set '{}'; did you mean selftest matrix {}?", typed, near);
    }
    return invocation.fail("the matrix has no set '{}'; its sets are quick, full, cache and reserved", typed);
}

Status matrix(Invocation& invocation) {
    const std::string_view typed = invocation.args.count > 1 ? invocation.args[1] : "quick";
    const auto index = word_index(typed, kSets);
    if (!index) {
        return unknown_set(invocation, typed);
    }
    const auto set = static_cast<selftest::MatrixSet>(*index);
    if (set == selftest::MatrixSet::reserved &&
        invocation.machine.ram_end().raw() > paging::kAddressSpaceEnd) {
        return invocation.fail("a CPU that ignores reserved bits would write to the RAM above 4 GiB");
    }
    MatrixReport report{invocation};
    const auto counts = selftest::run_matrix(invocation.machine.rig(), set, report);
    if (!counts) {
        return refuse(invocation, counts.error());
    }
    return invocation.interrupted ? Status::ok : report.end(typed, *counts);
}

class TlbReport final : public selftest::TlbListener {
public:
    explicit TlbReport(Invocation& invocation)
        : invocation_(invocation), out_(invocation.out), ktap_(invocation.out) {}

    bool poll() override { return invocation_.poll(); }

    void begin(std::uint32_t count) override { ktap_.begin(count); }
    void found(const selftest::TlbFact& fact) override {
        ktap_.result(fact.law == selftest::TlbLaw::engine_says || fact.stale == 0);
        say(out_, "{}, {}: stale {} of {}\n", fact.change,
            selftest::kTlbFlushNames[static_cast<std::size_t>(fact.flush)], Decimal{fact.stale},
            Decimal{selftest::kTlbRounds});
    }
    [[nodiscard]] Status status() const { return ktap_.status(); }

private:
    Invocation& invocation_;
    Output& out_;
    Ktap ktap_;
};

Status tlb(Invocation& invocation) {
    TlbReport report{invocation};
    const auto done = selftest::run_tlb(invocation.machine.rig(), report);
    if (!done) {
        return refuse(invocation, done.error());
    }
    return report.status();
}

Status list(Invocation& invocation) {
    say(invocation.out, "invariants  the kernel's bookkeeping of frames, spaces and tables\n"
                        "matrix      what the CPU does with each access, beside what is predicted\n"
                        "tlb         which old translations the CPU goes on using\n");
    return Status::ok;
}

} // namespace

Status selftest(Invocation& invocation) {
    if (invocation.args.count == 0) {
        return list(invocation);
    }
    const std::string_view name = invocation.args[0];
    const auto test = word_index(name, kTests);
    if (!test) {
        const std::string_view near = nearest_word(name, kTests);
        return invocation.fail("no self-test '{}'; did you mean selftest {}?", name,
                               near.empty() ? std::string_view{"invariants"} : near);
    }
    if (is(name, "matrix")) {
        return matrix(invocation);
    }
    if (invocation.args.count > 1) {
        return invocation.fail("selftest {} has no sets; did you mean selftest {}?", name, name);
    }
    return is(name, "tlb") ? tlb(invocation) : invariants(invocation);
}

} // namespace pagelab::shell::handlers

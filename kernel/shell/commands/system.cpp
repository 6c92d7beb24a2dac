// echo regs cr0 cr4 history halt reboot: the machine and the shell themselves.
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/commands/refusals.hpp"

#include <array>

namespace pagelab::shell::handlers {
namespace {

struct RegisterFlag {
    const char* name;
    std::uint32_t machine::Registers::*where;
    std::uint32_t bit;

    [[nodiscard]] bool in(const machine::Registers& registers) const { return (registers.*where & bit) != 0; }
};
/// The bits that paging depends on.
constexpr std::array<RegisterFlag, 8> kFlags = {{{"PE", &machine::Registers::cr0, paging::cr0::kProtection},
                                                 {"WP", &machine::Registers::cr0, paging::cr0::kWriteProtect},
                                                 {"PG", &machine::Registers::cr0, paging::cr0::kPaging},
                                                 {"PSE", &machine::Registers::cr4, paging::cr4::kPse},
                                                 {"PAE", &machine::Registers::cr4, paging::cr4::kPae},
                                                 {"PGE", &machine::Registers::cr4, paging::cr4::kPge},
                                                 {"SMEP", &machine::Registers::cr4, paging::cr4::kSmep},
                                                 {"SMAP", &machine::Registers::cr4, paging::cr4::kSmap}}};

struct RegisterName {
    const char* name;
    std::uint32_t machine::Registers::*where;
};
constexpr std::array<RegisterName, 5> kRegisters = {{{"cr0", &machine::Registers::cr0},
                                                     {"cr2", &machine::Registers::cr2},
                                                     {"cr3", &machine::Registers::cr3},
                                                     {"cr4", &machine::Registers::cr4},
                                                     {"eflags", &machine::Registers::eflags}}};

void put_registers_json(Output& out, const machine::Registers& registers) {
    say(out, R"({"record":"regs","v":1)");
    for (const auto& [name, where] : kRegisters) {
        say(out, ",\"{}\":\"{}\"", name, Hex{registers.*where});
    }
    const char* separator = ",\"flags\":[";
    for (const RegisterFlag& flag : kFlags) {
        if (flag.in(registers)) {
            say(out, "{}\"{}\"", separator, flag.name);
            separator = ",";
        }
    }
    say(out, "]}\n");
}

/// `on` or `off`.
Parsed<bool> parse_switch(std::string_view token) {
    if (is(token, "on") || is(token, "off")) {
        return is(token, "on");
    }
    return wrong("'{}' is no state; write on or off", token);
}

} // namespace

Status echo(Invocation& invocation) {
    for (std::size_t i = 0; i < invocation.args.count; ++i) {
        print(invocation.out, i == 0 ? "" : " ", invocation.args[i]);
    }
    say(invocation.out, "\n");
    return Status::ok;
}

Status regs(Invocation& invocation) {
    const machine::Registers registers = invocation.machine.registers();
    if (invocation.flags.json) {
        put_registers_json(invocation.out, registers);
        return Status::ok;
    }
    for (const auto& [name, where] : kRegisters) {
        say(invocation.out, "{:6}  {}", name, Hex{registers.*where});
        const char* separator = "  ";
        for (const RegisterFlag& flag : kFlags) {
            if (flag.where == where && flag.in(registers)) {
                say(invocation.out, "{}{}", separator, flag.name);
                separator = " ";
            }
        }
        say(invocation.out, "\n");
    }
    return Status::ok;
}

Status cr0(Invocation& invocation) {
    if (!is(invocation.args[0], "wp")) {
        return invocation.fail("'{}' is no switch of CR0 here; did you mean wp?", invocation.args[0]);
    }
    const auto on = parse_switch(invocation.args[1]);
    if (!on) {
        return invocation.error(on.error());
    }
    if (const auto done = invocation.machine.set_write_protect(*on); !done) {
        return refuse(invocation, done.error());
    }
    print(invocation.out, *on ? "CR0.WP = 1: the kernel obeys read-only pages\n"
                              : "CR0.WP = 0: the kernel writes to read-only pages\n");
    return Status::ok;
}

Status cr4(Invocation& invocation) {
    const bool pse = is(invocation.args[0], "pse");
    if (!pse && !is(invocation.args[0], "pge")) {
        return invocation.fail("'{}' is no switch of CR4 here; write pse or pge", invocation.args[0]);
    }
    const auto on = parse_switch(invocation.args[1]);
    if (!on) {
        return invocation.error(on.error());
    }
    const auto done = pse ? invocation.machine.set_pse(*on) : invocation.machine.set_pge(*on);
    if (!done) {
        return refuse(invocation, done.error());
    }
    print(invocation.out, pse ? "CR4.PSE = " : "CR4.PGE = ", *on ? "1\n" : "0\n");
    return Status::ok;
}

Status history(Invocation& invocation) {
    const History& lines = invocation.history;
    for (std::size_t back = lines.size(); back > 0; --back) {
        say(invocation.out, "{:>4}  {}\n", Decimal{static_cast<std::uint32_t>(lines.total() - back + 1)},
            lines.back(back));
    }
    return Status::ok;
}

Status halt(Invocation& invocation) {
    invocation.ending = Ending::halt;
    return Status::ok;
}

Status reboot(Invocation& invocation) {
    invocation.ending = Ending::reboot;
    return Status::ok;
}

} // namespace pagelab::shell::handlers

// echo regs cr0 cr4 history halt reboot: the machine and the shell themselves.
#include "kernel/paging/json.hpp"
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/commands/refusals.hpp"

#include <array>

namespace pagelab::shell::handlers {
namespace {

struct RegisterFlag {
    std::string_view name;
    std::uint32_t machine::Registers::*where;
    std::uint32_t bit;
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
    std::string_view name;
    std::uint32_t machine::Registers::*where;
};
constexpr std::array<RegisterName, 5> kRegisters = {{{"cr0", &machine::Registers::cr0},
                                                     {"cr2", &machine::Registers::cr2},
                                                     {"cr3", &machine::Registers::cr3},
                                                     {"cr4", &machine::Registers::cr4},
                                                     {"eflags", &machine::Registers::eflags}}};

template <class Visit>
void for_each_flag(const machine::Registers& registers, Visit visit) {
    for (const RegisterFlag& flag : kFlags) {
        if ((registers.*flag.where & flag.bit) != 0) {
            visit(flag);
        }
    }
}

void put_registers_json(Output& out, const machine::Registers& registers) {
    {
        paging::JsonObject json(out, "regs");
        for (const auto& [name, where] : kRegisters) {
            json.hex(name, registers.*where);
        }
        json.raw("flags").put("[");
        std::string_view separator = "\"";
        for_each_flag(registers, [&](const RegisterFlag& flag) {
            print(out, separator, flag.name, "\"");
            separator = ",\"";
        });
        print(out, "]");
    }
    print(out, "\n");
}

/// `on` or `off`.
Parsed<bool> parse_switch(std::string_view token) {
    if (token == "on" || token == "off") {
        return token == "on";
    }
    return wrong("'{}' is no state; write on or off", token);
}

} // namespace

Status echo(Invocation& invocation) {
    for (std::size_t i = 0; i < invocation.args.count; ++i) {
        print(invocation.out, i == 0 ? "" : " ", invocation.args[i]);
    }
    print(invocation.out, "\n");
    return Status::ok;
}

Status regs(Invocation& invocation) {
    const machine::Registers registers = invocation.machine.registers();
    if (invocation.flags.json) {
        put_registers_json(invocation.out, registers);
        return Status::ok;
    }
    for (const auto& [name, where] : kRegisters) {
        paging::put_padded(invocation.out, name, 6);
        print(invocation.out, "  ", Hex{registers.*where});
        std::string_view separator = "  ";
        for_each_flag(registers, [&, place = where](const RegisterFlag& flag) {
            if (flag.where == place) {
                print(invocation.out, separator, flag.name);
                separator = " ";
            }
        });
        print(invocation.out, "\n");
    }
    return Status::ok;
}

Status cr0(Invocation& invocation) {
    if (invocation.args[0] != "wp") {
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
    const bool pse = invocation.args[0] == "pse";
    if (!pse && invocation.args[0] != "pge") {
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
        Text<12> number;
        print(number, Decimal{static_cast<std::uint32_t>(lines.total() - back + 1)});
        paging::put_spaces(invocation.out, number.size() < 4 ? 4 - number.size() : 0);
        print(invocation.out, number.view(), "  ", lines.back(back), "\n");
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

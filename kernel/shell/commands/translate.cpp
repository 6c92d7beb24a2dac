// walk split window maps find decode: questions about translations.
#include "kernel/paging/aliases.hpp"
#include "kernel/paging/region_text.hpp"
#include "kernel/paging/slot_text.hpp"
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/reader.hpp"

namespace pagelab::shell::handlers {

Status walk(Invocation& invocation) {
    const auto va = parse_virtual(invocation.args[0], invocation.machine);
    if (!va) {
        return invocation.error(va.error());
    }
    const paging::Walk result = walk_now(invocation.machine, *va);
    if (invocation.flags.json) {
        write_json(invocation.out, result);
        say(invocation.out, "\n");
    } else {
        write_text(invocation.out, result);
    }
    return Status::ok;
}

Status split(Invocation& invocation) {
    const auto va = parse_virtual(invocation.args[0], invocation.machine);
    if (!va) {
        return invocation.error(va.error());
    }
    if (invocation.flags.json) {
        paging::write_split_json(invocation.out, *va);
        say(invocation.out, "\n");
    } else {
        paging::write_split_text(invocation.out, *va);
    }
    return Status::ok;
}

Status window(Invocation& invocation) {
    const auto va = parse_virtual(invocation.args[0], invocation.machine);
    if (!va) {
        return invocation.error(va.error());
    }
    const auto slot = self_map_now(invocation.machine);
    if (!slot) {
        return invocation.fail("no slot maps the directory onto itself: entries have no virtual address");
    }
    if (invocation.flags.json) {
        paging::write_window_json(invocation.out, *slot, *va);
        say(invocation.out, "\n");
    } else {
        paging::write_window_text(invocation.out, *slot, *va);
    }
    return Status::ok;
}

Status maps(Invocation& invocation) {
    paging::RegionQuery query{.writable = invocation.flags.writable,
                              .user = invocation.flags.user,
                              .executable = invocation.flags.executable,
                              .accessed_dirty = invocation.flags.accessed_dirty,
                              .by_slot = invocation.flags.tree};
    if (invocation.flags.tree && invocation.flags.json) {
        return invocation.fail("--tree draws and --json lists; leave one of them out");
    }
    if (invocation.args.count != 0) {
        const auto range = parse_range(invocation.args[0], invocation.machine);
        if (!range) {
            return invocation.error(range.error());
        }
        query.range = *range;
    }
    if (!invocation.flags.phys.empty()) {
        const auto range = parse_physical_range(invocation.flags.phys);
        if (!range) {
            return invocation.error(range.error());
        }
        query.phys = *range;
    }
    Reader read(invocation);
    const paging::PagingContext context = invocation.machine.context();
    paging::RegionLines lines(invocation.out, read, context, query);
    paging::for_each_region(read, context, query, [&](const paging::Region& region) {
        if (invocation.flags.json) {
            write_json(invocation.out, region);
            say(invocation.out, "\n");
        } else {
            lines.add(region);
        }
        return !invocation.poll();
    });
    if (!invocation.flags.json) {
        lines.finish();
    }
    return Status::ok;
}

Status find(Invocation& invocation) {
    const auto pa = parse_physical(invocation.args[0], true);
    if (!pa) {
        return invocation.error(pa.error());
    }
    Reader read(invocation);
    std::uint32_t uses = 0;
    paging::for_each_alias(read, invocation.machine.context(), *pa, [&](const paging::Alias& alias) {
        ++uses;
        if (invocation.flags.json) {
            write_json(invocation.out, alias);
        } else {
            put_alias(invocation.out, alias);
        }
        say(invocation.out, "\n");
        (void)invocation.poll();
    });
    if (!invocation.flags.json) {
        say(invocation.out, "{} of {}\n", Count{uses, "use"}, *pa);
    }
    return Status::ok;
}

Status decode(Invocation& invocation) {
    const bool named = invocation.args.count == 2;
    const bool directory = named && is(invocation.args[0], "pde");
    if (named && !directory && !is(invocation.args[0], "pte")) {
        return invocation.fail("'{}' is no level; did you mean pte?", invocation.args[0]);
    }
    const auto value = parse_value(invocation.args[named ? 1 : 0]);
    if (!value) {
        return invocation.error(value.error());
    }
    const paging::PagingContext context = invocation.machine.context();
    paging::Slot slot =
        directory ? paging::make_pde_slot(0, *value, context) : paging::make_pte_slot(0, 0, *value);
    if (invocation.flags.json) {
        paging::write_entry_json(invocation.out, slot);
        say(invocation.out, "\n");
    } else {
        paging::write_entry_text(invocation.out, slot);
    }
    return Status::ok;
}

} // namespace pagelab::shell::handlers

// map unmap protect setpde setpte: what changes the tables.
#include "kernel/paging/walk_text.hpp"
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/commands/refusals.hpp"
#include "kernel/shell/reader.hpp"
#include "kernel/shell/rights.hpp"

namespace pagelab::shell::handlers {
namespace {

using paging::kLargePageSize;
using paging::kPageSize;

void note_no_execute(Invocation& invocation, bool mentioned) {
    if (mentioned) {
        say(invocation.out, "note: 32-bit paging has no NX; what can be read can be executed\n");
    }
}

/// The size of the page at `va`, or that of a small one where there is none.
std::uint32_t page_size_at(Invocation& invocation, VirtAddr va) {
    const std::uint32_t size = walk_now(invocation.machine, va).page_size;
    return size == 0 ? kPageSize : size;
}

struct MapArguments {
    machine::MapRequest request;
    bool mentions_execute = false;
};

/// What follows VA: a physical address, rights and a count, each at most once. The count is read last: its
/// unit is the page size, which `big` sets.
Parsed<MapArguments> parse_map(const Invocation& invocation) {
    const auto va = parse_virtual(invocation.args[0], invocation.machine);
    if (!va) {
        return std::unexpected{va.error()};
    }
    MapArguments result{.request = {.va = *va, .pa = {}, .attributes = {}, .options = invocation.change}};
    std::string_view rights, count;
    for (std::size_t i = 1; i < invocation.args.count; ++i) {
        const std::string_view token = invocation.args[i];
        if (looks_physical(token) && !result.request.pa) {
            const auto pa = parse_physical(token);
            if (!pa) {
                return std::unexpected{pa.error()};
            }
            result.request.pa = *pa;
        } else if (looks_like_rights(token) && rights.empty()) {
            rights = token;
        } else if (!looks_physical(token) && !looks_like_rights(token) && count.empty()) {
            count = token;
        } else {
            return wrong("'{}' is one too many: map VA [p:PA] [RIGHTS] [COUNT]", token);
        }
    }
    if (!rights.empty()) {
        const auto parsed = parse_rights(rights);
        if (!parsed) {
            return std::unexpected{parsed.error()};
        }
        result.request.attributes = parsed->attributes;
        result.request.large = parsed->large;
        result.mentions_execute = parsed->mentions_execute;
    }
    if (!count.empty()) {
        const auto parsed = parse_count(count, result.request.large ? kLargePageSize : kPageSize, "page");
        if (!parsed) {
            return std::unexpected{parsed.error()};
        }
        result.request.count = *parsed;
    }
    return result;
}

/// COUNT in pages of the size at `va`; 1 without one.
Parsed<std::uint32_t> parse_pages(Invocation& invocation, std::string_view token, VirtAddr va) {
    if (token.empty()) {
        return 1u;
    }
    return parse_count(token, page_size_at(invocation, va), "page");
}

void put_first_change(Invocation& invocation, const machine::ChangeReport& report) {
    if (report.entries_changed != 0) {
        say(invocation.out, "; first entry {} -> {}", Hex{report.first_old}, Hex{report.first_new});
    }
}

void put_raw_change(Invocation& invocation, EntryName entry, const machine::ChangeReport& report) {
    say(invocation.out, "{}  {} -> {}", entry, Hex{report.first_old}, Hex{report.first_new});
    put_consequences(invocation.out, report);
}

} // namespace

Status map(Invocation& invocation) {
    const auto parsed = parse_map(invocation);
    if (!parsed) {
        return invocation.error(parsed.error());
    }
    const machine::MapRequest& request = parsed->request;
    const std::uint32_t size = request.large ? kLargePageSize : kPageSize;
    const auto report = invocation.machine.map(request);
    if (!report) {
        return refuse(invocation, report.error(), size);
    }
    const std::uint64_t bytes = std::uint64_t{request.count} * size;
    say(invocation.out, "mapped {}, {} of {}", VirtRange{request.va, request.va.raw() + bytes},
        Count{request.count, "page"}, Size{size});
    if (report->first_frame) {
        say(invocation.out, ", from {}", *report->first_frame);
    }
    put_consequences(invocation.out, *report);
    note_no_execute(invocation, parsed->mentions_execute);
    return Status::ok;
}

Status unmap(Invocation& invocation) {
    const auto va = parse_virtual(invocation.args[0], invocation.machine);
    if (!va) {
        return invocation.error(va.error());
    }
    const std::uint32_t size = page_size_at(invocation, *va);
    const auto count = parse_pages(invocation, invocation.args[1], *va);
    if (!count) {
        return invocation.error(count.error());
    }
    const auto report = invocation.machine.unmap({.va = *va, .count = *count, .options = invocation.change});
    if (!report) {
        return refuse(invocation, report.error(), size);
    }
    say(invocation.out, "unmapped {} from {}", Count{*count, "page"}, *va);
    put_consequences(invocation.out, *report);
    return Status::ok;
}

Status protect(Invocation& invocation) {
    const auto va = parse_virtual(invocation.args[0], invocation.machine);
    if (!va) {
        return invocation.error(va.error());
    }
    const auto change = parse_rights_change(invocation.args[1]);
    if (!change) {
        return invocation.error(change.error());
    }
    const std::uint32_t size = page_size_at(invocation, *va);
    const auto count = parse_pages(invocation, invocation.args[2], *va);
    if (!count) {
        return invocation.error(count.error());
    }
    const auto report = invocation.machine.protect({.va = *va,
                                                    .clear = change->clear,
                                                    .set = change->set,
                                                    .count = *count,
                                                    .options = invocation.change});
    if (!report) {
        return refuse(invocation, report.error(), size);
    }
    say(invocation.out, "protected {} from {}", Count{*count, "page"}, *va);
    put_first_change(invocation, *report);
    put_consequences(invocation.out, *report);
    note_no_execute(invocation, change->mentions_execute);
    return Status::ok;
}

Status setpde(Invocation& invocation) {
    const auto pdi = parse_directory_index(invocation.args[0]);
    if (!pdi) {
        return invocation.error(pdi.error());
    }
    const auto value = parse_value(invocation.args[1]);
    if (!value) {
        return invocation.error(value.error());
    }
    const auto report = invocation.machine.set_pde(*pdi, *value, invocation.change);
    if (!report) {
        return refuse(invocation, report.error());
    }
    put_raw_change(invocation, EntryName{*pdi}, *report);
    return Status::ok;
}

Status setpte(Invocation& invocation) {
    const auto va = parse_virtual(invocation.args[0], invocation.machine);
    if (!va) {
        return invocation.error(va.error());
    }
    const auto value = parse_value(invocation.args[1]);
    if (!value) {
        return invocation.error(value.error());
    }
    if (!va->is_aligned(kPageSize)) {
        return refuse(invocation,
                      {.refusal = machine::Refusal::unaligned, .va = *va, .pa = {}, .reason = {}});
    }
    const auto report = invocation.machine.set_pte(*va, *value, invocation.change);
    if (!report) {
        return refuse(invocation, report.error());
    }
    put_raw_change(invocation, {va->directory_index(), va->table_index()}, *report);
    return Status::ok;
}

} // namespace pagelab::shell::handlers

// peek poke fill: memory by virtual or physical address.
// An access of virtual memory may fault, and that ends the command: what is read is read before it is
// printed, and what is written is tried on every page first.
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/commands/place_access.hpp"
#include "kernel/shell/commands/refusals.hpp"
#include "kernel/shell/reader.hpp"

#include <algorithm>

namespace pagelab::shell::handlers {
namespace {

constexpr std::uint32_t last_value(Unit unit) {
    return 0xffffffffu >> (32 - 8 * bytes_of(unit));
}
constexpr const char* noun_of(Unit unit) {
    return unit == Unit::byte ? "byte" : unit == Unit::half ? "half" : "word";
}

/// The width that the first argument names, and how many arguments that takes.
struct UnitArgument {
    Unit unit = Unit::word;
    std::size_t next = 0;
};
UnitArgument parse_unit(const interface::Words& args) {
    if (is(args[0], "b")) {
        return {Unit::byte, 1};
    }
    if (is(args[0], "h")) {
        return {Unit::half, 1};
    }
    return {Unit::word, is(args[0], "w") ? 1u : 0u};
}

/// `count` units from `first` on must have addresses.
Parsed<void> check_room(const Place& first, Unit unit, std::uint32_t count) {
    if (std::uint64_t{count} * bytes_of(unit) > first.room()) {
        return wrong("that many {}s pass the last address, {}", noun_of(unit),
                     first.physical ? "p:0xffffffffff" : "0xffffffff");
    }
    return {};
}

/// Writes back what is there, once on each page: a fault or refusal comes before anything has changed.
std::expected<void, machine::OperationError> rehearse(Invocation& invocation, Place place, Unit unit,
                                                      std::uint32_t count) {
    while (count > 0 && !invocation.poll()) {
        const std::uint32_t here = units_on_page(place, unit, count);
        const Place last = place.plus((here - 1) * bytes_of(unit));
        for (const Place& at : {place, last}) {
            const auto old = load(invocation, at, unit);
            if (!old) {
                return std::unexpected{old.error()};
            }
            if (const auto stored = store(invocation, at, unit, *old); !stored) {
                return stored;
            }
        }
        place = place.plus(here * bytes_of(unit));
        count -= here;
    }
    return {};
}

/// Words that are written within some 50 ms: so many are not interrupted.
constexpr std::uint32_t kQuickWords = 256 * 1024;

/// Keeps every page that a long fill will overwrite, so that an interruption leaves what was there.
std::expected<void, machine::OperationError> keep_pages(Invocation& invocation, Place place,
                                                        std::uint32_t count) {
    while (count > 0 && !invocation.poll()) {
        const auto pa = place.physical ? std::optional{place.pa} : walk_now(invocation.machine, place.va).pa;
        if (pa) {
            if (const auto kept = invocation.machine.keep_bytes(pa->frame_base()); !kept) {
                return kept;
            }
        }
        const std::uint32_t here = units_on_page(place, Unit::word, count);
        place = place.plus(here * bytes_of(Unit::word));
        count -= here;
    }
    return {};
}

struct PeekArguments {
    Place place;
    Unit unit = Unit::word;
    std::uint32_t count = 1;
};

Parsed<PeekArguments> parse_peek(const Invocation& invocation) {
    const auto [unit, next] = parse_unit(invocation.args);
    if (invocation.args.count <= next) {
        return wrong("peek {} needs an address", invocation.args[0]);
    }
    if (invocation.args.count > next + 2) {
        return wrong("'{}' is one argument too many", invocation.args[next + 2]);
    }
    const auto place = parse_place(invocation.args[next], invocation.machine);
    if (!place) {
        return std::unexpected{place.error()};
    }
    PeekArguments result{.place = *place, .unit = unit};
    if (invocation.args.count == next + 2) {
        const auto count = parse_count(invocation.args[next + 1], bytes_of(unit), noun_of(unit));
        if (!count) {
            return std::unexpected{count.error()};
        }
        result.count = *count;
    }
    if (const auto room = check_room(*place, unit, result.count); !room) {
        return std::unexpected{room.error()};
    }
    return result;
}

void put_values_text(Output& out, const Place& place, Unit unit, std::span<const std::uint32_t> values) {
    if (place.physical) {
        print(out, place.pa);
    } else {
        print(out, place.va);
    }
    for (const std::uint32_t value : values) {
        say(out, "  {}", Hex{value, bytes_of(unit) * 2});
    }
    say(out, "\n");
}

void put_values_json(Output& out, const Place& place, Unit unit, std::span<const std::uint32_t> values) {
    say(out, R"({"record":"memory","v":1,"va":{},"pa":{},"unit":{},"values":)",
        place.physical ? HexOrNull{std::nullopt} : HexOrNull{place.va},
        place.physical ? HexOrNull{place.pa} : HexOrNull{std::nullopt}, Decimal{bytes_of(unit)});
    const char* separator = "[";
    for (const std::uint32_t value : values) {
        say(out, "{}\"{}\"", separator, Hex{value, bytes_of(unit) * 2});
        separator = ",";
    }
    say(out, "]}\n");
}

/// Physical memory is asked for before anything is printed: all of it must be RAM.
Parsed<void> check_ram(Invocation& invocation, const PeekArguments& peek) {
    if (!peek.place.physical) {
        return {};
    }
    const std::uint64_t end = peek.place.pa.raw() + std::uint64_t{peek.count} * bytes_of(peek.unit);
    for (PhysAddr frame = peek.place.pa.frame_base(); frame.raw() < end;
         frame = frame.plus(paging::kPageSize)) {
        if (!invocation.machine.is_ram(frame)) {
            return wrong("{} is no RAM; RAM ends at {}", frame, invocation.machine.ram_end());
        }
        if (invocation.poll()) {
            break;
        }
    }
    return {};
}

} // namespace

Status peek(Invocation& invocation) {
    const auto parsed = parse_peek(invocation);
    if (!parsed) {
        return invocation.error(parsed.error());
    }
    if (const auto ram = check_ram(invocation, *parsed); !ram) {
        return invocation.error(ram.error());
    }
    // A JSON record holds more than a line of text, so that most answers are one record.
    constexpr std::uint32_t kLineBytes = 16;
    constexpr std::uint32_t kRecordValues = 64;
    const std::uint32_t chunk = invocation.flags.json ? kRecordValues : kLineBytes / bytes_of(parsed->unit);
    std::array<std::uint32_t, kRecordValues> values{};
    Place place = parsed->place;
    for (std::uint32_t left = parsed->count; left > 0 && !invocation.poll();) {
        const std::uint32_t count = std::min(left, chunk);
        for (std::uint32_t i = 0; i < count; ++i) {
            const auto value = load(invocation, place.plus(i * bytes_of(parsed->unit)), parsed->unit);
            if (!value) {
                return refuse(invocation, value.error());
            }
            values[i] = *value;
        }
        const std::span<const std::uint32_t> read{values.data(), count};
        if (invocation.flags.json) {
            put_values_json(invocation.out, place, parsed->unit, read);
        } else {
            put_values_text(invocation.out, place, parsed->unit, read);
        }
        place = place.plus(count * bytes_of(parsed->unit));
        left -= count;
    }
    return Status::ok;
}

Status poke(Invocation& invocation) {
    const auto [unit, next] = parse_unit(invocation.args);
    if (invocation.args.count < next + 2) {
        return invocation.fail("poke needs an address and a value; usage: poke [b|h|w] ADDR VALUE...");
    }
    const auto place = parse_place(invocation.args[next], invocation.machine);
    if (!place) {
        return invocation.error(place.error());
    }
    std::array<std::uint32_t, interface::kMaxWords> values{};
    std::uint32_t count = 0;
    for (std::size_t i = next + 1; i < invocation.args.count; ++i) {
        const auto value = parse_value(invocation.args[i], last_value(unit));
        if (!value) {
            return invocation.error(value.error());
        }
        values[count++] = *value;
    }
    if (const auto room = check_room(*place, unit, count); !room) {
        return invocation.error(room.error());
    }
    if (count > 1 || bytes_of(unit) > room_on_page(*place)) {
        if (const auto tried = rehearse(invocation, *place, unit, count); !tried) {
            return refuse(invocation, tried.error());
        }
    }
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto stored = store(invocation, place->plus(i * bytes_of(unit)), unit, values[i]);
        if (!stored) {
            return refuse(invocation, stored.error());
        }
    }
    say(invocation.out, "wrote {} at {}\n", Count{count, noun_of(unit)}, invocation.args[next]);
    return Status::ok;
}

Status fill(Invocation& invocation) {
    constexpr Unit kUnit = Unit::word;
    const auto place = parse_place(invocation.args[0], invocation.machine);
    if (!place) {
        return invocation.error(place.error());
    }
    const auto value = parse_value(invocation.args[1]);
    if (!value) {
        return invocation.error(value.error());
    }
    const auto count = parse_count(invocation.args[2], bytes_of(kUnit), "word");
    if (!count) {
        return invocation.error(count.error());
    }
    if (const auto room = check_room(*place, kUnit, *count); !room) {
        return invocation.error(room.error());
    }
    if (const auto tried = rehearse(invocation, *place, kUnit, *count); !tried) {
        return refuse(invocation, tried.error());
    }
    const bool is_long = *count > kQuickWords;
    if (is_long && !invocation.change.force) {
        if (const auto kept = keep_pages(invocation, *place, *count); !kept) {
            return refuse(invocation, kept.error());
        }
    }
    for (std::uint32_t i = 0; i < *count && !invocation.interrupted; ++i) {
        if (const auto stored = store(invocation, place->plus(i * bytes_of(kUnit)), kUnit, *value); !stored) {
            return refuse(invocation, stored.error());
        }
        if (is_long && i % paging::kPageSize == 0) {
            (void)invocation.poll();
        }
    }
    say(invocation.out, "wrote {} at {}\n", Count{*count, "word"}, invocation.args[0]);
    return Status::ok;
}

} // namespace pagelab::shell::handlers

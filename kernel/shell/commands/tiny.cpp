// tiny: the computer of sixteen pages, drawn, walked and changed.
#include "kernel/shell/commands/handlers.hpp"
#include "kernel/shell/table.hpp"

namespace pagelab::shell::handlers {
namespace {

using Geometry = TinyComputer::Geometry;

constexpr std::uint32_t kColumn = 10; // where the boxes begin

const char* ordinal(std::uint32_t index) {
    constexpr std::array<const char*, Geometry::kPages> kNames = {
        "first", "second", "third",    "fourth",  "fifth",      "sixth",      "seventh",   "eighth",
        "ninth", "tenth",  "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth"};
    return kNames[index];
}

std::uint32_t group_of(std::uint32_t page) {
    return Geometry::directory_index(Geometry::page_address(page));
}

/// Two characters: a number, or `-` for none.
void put_number(Output& out, std::optional<std::uint32_t> number) {
    if (!number) {
        say(out, " -");
    } else {
        print(out, *number < 10 ? " " : "", Decimal{*number});
    }
}

/// A row of four boxes with `put(index)` in each, for every group.
template <class Put>
void put_boxes(Output& out, std::string_view name, Put put) {
    for (std::uint32_t i = 0; i < Geometry::kPages; ++i) {
        if (i % Geometry::kEntries == 0) {
            i == 0 ? paging::put_padded(out, name, kColumn) : say(out, "   ");
        }
        say(out, "|");
        put(i);
        print(out, i % Geometry::kEntries == Geometry::kEntries - 1 ? "|" : "");
    }
    say(out, "\n");
}

void put_rule(Output& out) {
    paging::put_spaces(out, kColumn);
    say(out, "+--+--+--+--+   +--+--+--+--+   +--+--+--+--+   +--+--+--+--+\n");
}

/// A directory or table with its four entries.
void put_table(Output& out, const TinyComputer& tiny, std::uint32_t group) {
    const bool directory = group == TinyComputer::kSelf;
    const auto frame = tiny.entry(TinyComputer::kDirectory, group);
    if (!frame) {
        return;
    }
    paging::put_padded(out, directory ? "directory" : "table", kColumn);
    say(out, "frame ");
    put_number(out, frame);
    say(out, ": |");
    for (std::uint32_t index = 0; index < Geometry::kEntries; ++index) {
        put_number(out, tiny.entry(*frame, index));
        print(out, directory && index == TinyComputer::kSelf ? "*|" : "|");
    }
    if (directory) {
        say(out, "  * recursive: the directory itself\n");
    } else {
        say(out, "   of the {} group, shown on page {}\n", ordinal(group),
            Decimal{TinyComputer::kSelf * Geometry::kEntries + group});
    }
}

void draw(Output& out, const TinyComputer& tiny) {
    paging::put_spaces(out, kColumn);
    say(out, "first group     second group    third group     fourth group\n");
    put_rule(out);
    put_boxes(out, "page", [&](std::uint32_t page) { put_number(out, page); });
    put_boxes(out, "shows", [&](std::uint32_t page) { put_number(out, tiny.walk(page).frame); });
    put_rule(out);
    put_table(out, tiny, TinyComputer::kSelf);
    for (std::uint32_t group = 0; group < TinyComputer::kSelf; ++group) {
        put_table(out, tiny, group);
    }
    put_rule(out);
    put_boxes(out, "frame", [&](std::uint32_t frame) { put_number(out, frame); });
    put_boxes(out, "holds", [&](std::uint32_t frame) {
        const auto group = tiny.group_of_table(frame);
        print(out, group == TinyComputer::kSelf ? " D" : group ? " T" : tiny.uses(frame) != 0 ? " p" : "  ");
    });
    put_rule(out);
    say(out, "D directory, T table, p page; pages 12 to 15 show T and D: tiny walk 13\n");
}

void put_frame(Output& out, const TinyComputer& tiny, std::uint32_t frame) {
    say(out, "frame {}", Decimal{frame});
    const auto group = tiny.group_of_table(frame);
    if (group == TinyComputer::kSelf) {
        say(out, ", the directory itself");
    } else if (group) {
        say(out, ", the table of the {} group", ordinal(*group));
    }
}

Status walk_page(Invocation& invocation, TinyComputer& tiny, std::uint32_t page, std::uint32_t) {
    Output& out = invocation.out;
    const std::uint32_t group = group_of(page);
    const std::uint32_t place = Geometry::table_index(Geometry::page_address(page));
    const TinyComputer::Walk walk = tiny.walk(page);
    say(out,
        "page {} is the {} page: the {} page of the {} group\n"
        "I    the register holds the address of the directory: frame {}\n",
        Decimal{page}, ordinal(page), ordinal(place), ordinal(group), Decimal{TinyComputer::kDirectory});
    say(out, "II   the {} entry of the directory ({}): ", ordinal(group), Decimal{group});
    if (!walk.table) {
        say(out, "not present\nno page: the {} group has no table\n", ordinal(group));
        return Status::ok;
    }
    put_frame(out, tiny, *walk.table);
    say(out, "{}\nIII  the {}{}{}): ", TinyComputer::shows_tables(page) ? ", taken for a table" : "",
        ordinal(place),
        TinyComputer::shows_tables(page) ? " entry of this 'table' (" : " entry of the table (",
        Decimal{place});
    if (!walk.frame) {
        say(out, "not present\nno page: page {} shows nothing\n", Decimal{page});
        return Status::ok;
    }
    put_frame(out, tiny, *walk.frame);
    say(out, "\npage {} shows ", Decimal{page});
    put_frame(out, tiny, *walk.frame);
    say(out, "\n");
    return Status::ok;
}

Status refuse_tables(Invocation& invocation, std::uint32_t page) {
    return invocation.fail(
        "page {} shows tables: its entry is entry {} of the directory itself, which the MMU "
        "walks through; take a page from 0 to 11",
        Decimal{page}, Decimal{page % Geometry::kEntries});
}

Status map_page(Invocation& invocation, TinyComputer& tiny, std::uint32_t page, std::uint32_t frame) {
    if (TinyComputer::shows_tables(page)) {
        return refuse_tables(invocation, page);
    }
    if (const auto old = tiny.walk(page).frame) {
        return invocation.fail("page {} shows frame {} already; tiny unmap {} makes room", Decimal{page},
                               Decimal{*old}, Decimal{page});
    }
    Output& out = invocation.out;
    if (const auto table = tiny.map(page, frame)) {
        say(out,
            "the {} group had no table: frame {} is one now, and entry {} of the directory leads to it\n",
            ordinal(group_of(page)), Decimal{*table}, Decimal{group_of(page)});
    }
    say(out, "page {} shows ", Decimal{page});
    put_frame(out, tiny, frame);
    say(out, "\n");
    return Status::ok;
}

Status unmap_page(Invocation& invocation, TinyComputer& tiny, std::uint32_t page, std::uint32_t) {
    if (TinyComputer::shows_tables(page)) {
        return refuse_tables(invocation, page);
    }
    const auto frame = tiny.walk(page).frame;
    if (!frame) {
        return invocation.fail("page {} shows no frame; tiny draws those that do", Decimal{page});
    }
    tiny.unmap(page);
    say(invocation.out, "page {} showed frame {}; its table stays\n", Decimal{page}, Decimal{*frame});
    return Status::ok;
}

Status reset(Invocation& invocation, TinyComputer& tiny, std::uint32_t, std::uint32_t) {
    tiny.reset();
    draw(invocation.out, tiny);
    return Status::ok;
}

struct Verb {
    const char* name;
    std::uint8_t args;
    const char* usage;
    Status (*run)(Invocation&, TinyComputer&, std::uint32_t, std::uint32_t);
};
constexpr Verb kVerbs[] = {{"walk", 1, " PAGE", walk_page},
                           {"map", 2, " PAGE FRAME", map_page},
                           {"unmap", 1, " PAGE", unmap_page},
                           {"reset", 0, "", reset}};

Parsed<std::uint32_t> parse_index(std::string_view token, const char* noun) {
    constexpr std::uint32_t kLast = Geometry::kPages - 1;
    if (const auto index = read_decimal(token, kLast)) {
        return *index;
    }
    const auto number = read_number(token);
    if (number && *number <= kLast) {
        return wrong("'{}' is no {}; did you mean {}?", token, noun,
                     Decimal{static_cast<std::uint32_t>(*number)});
    }
    return wrong("'{}' is no {} from 0 to {}", token, noun, Decimal{kLast});
}

} // namespace

Status tiny(Invocation& invocation) {
    TinyComputer& computer = invocation.teaching.tiny;
    if (invocation.args.count == 0) {
        draw(invocation.out, computer);
        return Status::ok;
    }
    const std::string_view name = invocation.args[0];
    const Verb* near = nullptr;
    for (const Verb& verb : kVerbs) {
        if (edit_distance(name, verb.name) <= 2) {
            near = near == nullptr || name == verb.name ? &verb : near;
        }
    }
    if (near == nullptr) {
        return invocation.fail("'{}' is nothing that tiny does: walk, map, unmap, reset", name);
    }
    if (name != near->name) {
        return invocation.fail("'{}' is nothing that tiny does; did you mean {}?", name, near->name);
    }
    if (invocation.args.count != near->args + 1u) {
        return invocation.fail("usage: tiny {}{}", near->name, near->usage);
    }
    std::uint32_t numbers[2] = {};
    for (std::size_t i = 0; i < near->args; ++i) {
        const auto index = parse_index(invocation.args[i + 1], i == 0 ? "page" : "frame");
        if (!index) {
            return invocation.error(index.error());
        }
        numbers[i] = *index;
    }
    return near->run(invocation, computer, numbers[0], numbers[1]);
}

} // namespace pagelab::shell::handlers

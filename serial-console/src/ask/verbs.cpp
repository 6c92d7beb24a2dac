#include "serial-console/src/ask/verbs.hpp"

#include "kernel/interface/journal_text.hpp"
#include "kernel/interface/tokenizer.hpp"
#include "kernel/paging/aliases.hpp"
#include "kernel/paging/check_text.hpp"
#include "kernel/paging/checks.hpp"
#include "kernel/paging/explain.hpp"
#include "kernel/paging/region_text.hpp"
#include "kernel/paging/slot_text.hpp"
#include "serial-console/src/ask/arguments.hpp"
#include "serial-console/src/ask/check_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <utility>

namespace pagelab::console::ask {
namespace {

using interface::Status;
using paging::Count;
using paging::Decimal;
using paging::kEntryCount;
using paging::PagingContext;
using paging::say;
using paging::VirtAddr;

constexpr std::uint32_t kPageFault = 14; // its vector

/// Collects what the core prints.
struct Printed {
    std::string text;
    void put(std::string_view piece) { text += piece; }
};

struct Options {
    bool json = false;
    bool writable = false;
    bool user = false;
    bool executable = false;
    bool tree = false;
    bool accessed_dirty = false;
    std::string_view phys;
    std::string_view cr3;
};

/// One question under way.
struct Asking {
    const Subject& subject;
    Options options;
    std::span<const std::string_view> arguments;
    Printed out{};

    [[nodiscard]] const PagingContext& context() const { return subject.snapshot->lab.context; }
    [[nodiscard]] const model::TableCopy& tables() const { return subject.snapshot->tables; }
    [[nodiscard]] std::uint32_t pde(std::uint32_t pdi) const {
        return tables()(context().control.directory().plus(paging::entry_offset(pdi))).value_or(0);
    }

    Status error(std::string_view text) {
        if (options.json) {
            say(out, "{\"record\":\"error\",\"v\":1,\"text\":{}}\n", paging::Quoted{text});
        } else {
            out.put(fmt::format("error: {}\n", text));
        }
        return Status::error;
    }
    /// Either form of what the core can print in both.
    template <class T>
    void line(const T& item, auto put_text) {
        options.json ? write_json(out, item) : put_text(out, item);
        out.put("\n");
    }
};

Status walk(Asking& asking) {
    const auto va = parse_virtual(asking.arguments[0]);
    if (!va) {
        return asking.error(va.error());
    }
    const paging::Walk result = asking.subject.snapshot->walk(*va);
    if (asking.options.json) {
        write_json(asking.out, result);
        asking.out.put("\n");
    } else {
        write_text(asking.out, result);
    }
    return Status::ok;
}

Status split(Asking& asking) {
    const auto va = parse_virtual(asking.arguments[0]);
    if (!va) {
        return asking.error(va.error());
    }
    if (asking.options.json) {
        paging::write_split_json(asking.out, *va);
        asking.out.put("\n");
    } else {
        paging::write_split_text(asking.out, *va);
    }
    return Status::ok;
}

Status window(Asking& asking) {
    const auto va = parse_virtual(asking.arguments[0]);
    if (!va) {
        return asking.error(va.error());
    }
    const auto slot = asking.subject.snapshot->self_map;
    if (!slot) {
        return asking.error("no slot maps the directory onto itself: entries have no virtual address");
    }
    if (asking.options.json) {
        paging::write_window_json(asking.out, *slot, *va);
        asking.out.put("\n");
    } else {
        paging::write_window_text(asking.out, *slot, *va);
    }
    return Status::ok;
}

Status maps(Asking& asking) {
    const Options& options = asking.options;
    paging::RegionQuery query{.writable = options.writable,
                              .user = options.user,
                              .executable = options.executable,
                              .accessed_dirty = options.accessed_dirty,
                              .by_slot = options.tree};
    if (options.tree && options.json) {
        return asking.error("--tree draws and --json lists; leave one of them out");
    }
    if (!asking.arguments.empty()) {
        const auto range = parse_range(asking.arguments[0]);
        if (!range) {
            return asking.error(range.error());
        }
        query.range = *range;
    }
    if (!options.phys.empty()) {
        const auto range = parse_physical_range(options.phys);
        if (!range) {
            return asking.error(range.error());
        }
        query.phys = *range;
    }
    model::TableCopy read = asking.tables();
    if (!options.json) {
        paging::write_maps_text(asking.out, read, asking.context(), query);
        return Status::ok;
    }
    paging::for_each_region(read, asking.context(), query, [&](const paging::Region& region) {
        write_json(asking.out, region);
        asking.out.put("\n");
        return true;
    });
    return Status::ok;
}

Status find(Asking& asking) {
    const auto pa = parse_physical(asking.arguments[0], true);
    if (!pa) {
        return asking.error(pa.error());
    }
    std::uint32_t uses = 0;
    paging::for_each_alias(asking.tables(), asking.context(), *pa, [&](const paging::Alias& alias) {
        ++uses;
        asking.line(alias, [](Printed& out, const paging::Alias& item) { put_alias(out, item); });
    });
    if (!asking.options.json) {
        say(asking.out, "{} of {}\n", Count{uses, "use"}, *pa);
    }
    return Status::ok;
}

Status check(Asking& asking) {
    PagingContext context = asking.context();
    if (!asking.options.cr3.empty()) {
        const auto pa = parse_physical(asking.options.cr3, true);
        if (!pa) {
            return asking.error(pa.error());
        }
        if (!asking.tables().contains(*pa)) {
            return asking.error(fmt::format(
                "{} is not the directory in use: only that one is seen from outside", asking.options.cr3));
        }
        context.control.cr3 = static_cast<std::uint32_t>(pa->raw());
    }
    const auto workspace = std::make_unique<paging::CheckWorkspace>();
    std::array<std::uint32_t, 3> counts{};
    paging::for_each_finding(
        asking.tables(), context, OutsideFacts{asking.subject}, *workspace,
        [&](const paging::Finding& finding) {
            ++counts[static_cast<std::size_t>(paging::rule_info(finding.rule).severity)];
            asking.line(finding, [](Printed& out, const paging::Finding& item) { put_finding(out, item); });
        });
    if (!asking.options.json) {
        say(asking.out, "{}, {}, {}\n", Count{counts[0], "error"}, Count{counts[1], "warning"},
            Count{counts[2], "note"});
    }
    return counts[0] == 0 ? Status::ok : Status::error;
}

Status decode(Asking& asking) {
    const bool named = asking.arguments.size() == 2;
    const bool directory = named && asking.arguments[0] == "pde";
    if (named && !directory && asking.arguments[0] != "pte") {
        return asking.error(fmt::format("'{}' is no level; did you mean pte?", asking.arguments[0]));
    }
    const auto value = parse_value(asking.arguments[named ? 1 : 0]);
    if (!value) {
        return asking.error(value.error());
    }
    const paging::Slot slot =
        directory ? paging::make_pde_slot(0, *value, asking.context()) : paging::make_pte_slot(0, 0, *value);
    if (asking.options.json) {
        paging::write_entry_json(asking.out, slot);
        asking.out.put("\n");
    } else {
        paging::write_entry_text(asking.out, slot);
    }
    return Status::ok;
}

void put_in_use(Asking& asking, std::uint32_t used, std::uint32_t all, const char* noun) {
    if (!asking.options.json) {
        say(asking.out, "{} of {} {} in use\n", Decimal{used}, Decimal{all}, noun);
    }
}

/// Its line, if it holds anything.
bool put_slot_line(Asking& asking, const paging::Slot& slot) {
    if (slot.holds_something()) {
        asking.line(slot, [](Printed& out, const paging::Slot& item) { put_slot(out, item); });
    }
    return slot.holds_something();
}

Status dumppd(Asking& asking) {
    std::array<std::uint32_t, 2> bounds = {0, kEntryCount - 1};
    for (std::size_t i = 0; i < asking.arguments.size(); ++i) {
        const auto index = parse_directory_index(asking.arguments[i]);
        if (!index) {
            return asking.error(index.error());
        }
        bounds[i] = *index;
    }
    if (asking.arguments.size() == 1) {
        bounds[1] = bounds[0];
    }
    if (bounds[1] < bounds[0]) {
        return asking.error(
            fmt::format("LAST comes before FIRST; did you mean dumppd {} {}?", bounds[1], bounds[0]));
    }
    std::uint32_t used = 0;
    for (std::uint32_t pdi = bounds[0]; pdi <= bounds[1]; ++pdi) {
        used += put_slot_line(asking, paging::make_pde_slot(pdi, asking.pde(pdi), asking.context())) ? 1 : 0;
    }
    put_in_use(asking, used, bounds[1] - bounds[0] + 1, "slots");
    return Status::ok;
}

Status dumppt(Asking& asking) {
    const auto pdi = parse_table(asking.arguments[0]);
    if (!pdi) {
        return asking.error(pdi.error());
    }
    const paging::Slot slot = paging::make_pde_slot(*pdi, asking.pde(*pdi), asking.context());
    if (slot.kind != paging::EntryKind::table) {
        Printed target;
        paging::put_target(target, slot.kind, slot.target);
        return asking.error(fmt::format("PDE {} leads to no page table: {}", *pdi, target.text));
    }
    std::uint32_t used = 0;
    for (std::uint32_t pti = 0; pti < kEntryCount; ++pti) {
        const auto raw = asking.tables()(slot.target.plus(paging::entry_offset(pti)));
        used += put_slot_line(asking, paging::make_pte_slot(*pdi, pti, raw.value_or(0))) ? 1 : 0;
    }
    put_in_use(asking, used, kEntryCount, "entries");
    return Status::ok;
}

void put_explanation(Asking& asking, VirtAddr cr2, std::uint32_t code, std::optional<VirtAddr> eip) {
    const paging::Walk walk = asking.subject.snapshot->walk(cr2);
    const auto explanation = paging::explain_fault(walk, code, paging::access_of_fault(code, cr2, eip));
    if (asking.options.json) {
        write_json(asking.out, explanation);
        asking.out.put("\n");
    } else {
        write_text(asking.out, explanation);
    }
}

Status last_fault(Asking& asking) {
    if (!asking.subject.lab) {
        return asking.error("only a pagelab keeps a journal; usage: fault CR2 CODE");
    }
    const auto& journal = asking.subject.lab->journal;
    const auto found = std::find_if(journal.rbegin(), journal.rend(), [](const auto& record) {
        return record.kind == interface::JournalKind::fault && record.new_value >> 16 == kPageFault;
    });
    if (found == journal.rend()) {
        return asking.error("the journal holds no page fault; usage: fault [CR2 CODE]");
    }
    if (found->space != asking.subject.snapshot->lab.space) {
        return asking.error(
            fmt::format("the last page fault was in space {}, which is not the current one", found->space));
    }
    put_explanation(asking, VirtAddr{found->address}, found->new_value & 0xffff, VirtAddr{found->old_value});
    return Status::ok;
}

Status fault(Asking& asking) {
    constexpr std::uint32_t kAllBits = 0x1f;
    if (asking.arguments.empty()) {
        return last_fault(asking);
    }
    if (asking.arguments.size() == 1) {
        return asking.error("fault needs CR2 and CODE, or nothing; usage: fault [CR2 CODE]");
    }
    const auto cr2 = parse_virtual(asking.arguments[0]);
    if (!cr2) {
        return asking.error(cr2.error());
    }
    const auto code = parse_value(asking.arguments[1], kAllBits);
    if (!code) {
        return asking.error(code.error());
    }
    put_explanation(asking, *cr2, *code, std::nullopt);
    return Status::ok;
}

Status log(Asking& asking) {
    std::uint32_t wanted = 20;
    if (!asking.arguments.empty()) {
        const auto count =
            parse_times(asking.arguments[0], interface::kJournalCapacity, "a number of records");
        if (!count) {
            return asking.error(count.error());
        }
        wanted = *count;
    }
    if (!asking.subject.lab) {
        return asking.error("only a pagelab keeps a journal");
    }
    const auto& journal = asking.subject.lab->journal;
    for (std::size_t i = journal.size() - std::min<std::size_t>(wanted, journal.size()); i < journal.size();
         ++i) {
        asking.line(journal[i], [](Printed& out, const interface::JournalRecord& item) {
            interface::put_event(out, item);
        });
    }
    if (journal.empty() && !asking.options.json) {
        asking.out.put("the journal is empty\n");
    }
    return Status::ok;
}

struct Verb {
    std::string_view name;
    std::string_view usage;
    std::size_t least = 0;
    std::size_t most = 0;
    std::string_view options; // besides --json; `=`: a value follows
    std::string_view summary;
    Status (*handler)(Asking&) = nullptr;
};

constexpr std::array<Verb, 11> kVerbs = {{
    {"check", "", 0, 0, "--cr3=", "broken invariants and hazards in the page tables", check},
    {"decode", "[pde|pte] VALUE", 1, 2, "", "what a raw entry means", decode},
    {"dumppd", "[FIRST [LAST]]", 0, 2, "", "the page directory's slots in use", dumppd},
    {"dumppt", "PDI|VA", 1, 1, "", "the entries in use of one page table", dumppt},
    {"fault", "[CR2 CODE]", 0, 2, "", "why an access faults: which entry, and what would allow it", fault},
    {"find", "p:PA", 1, 1, "", "every address that leads to a byte of memory", find},
    {"log", "[N]", 0, 1, "", "the last N records of a pagelab's journal (20)", log},
    {"maps", "[RANGE]", 0, 1, "--writable --user --exec --phys= --tree --ad", "what is mapped", maps},
    {"split", "VA", 1, 1, "", "an address bit by bit", split},
    {"walk", "VA", 1, 1, "", "where an address leads, step by step", walk},
    {"window", "VA", 1, 1, "", "where the PDE and PTE of an address appear", window},
}};

template <class Visit>
void for_each_option(const Verb& verb, Visit visit) {
    std::string_view rest = verb.options;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(' '), rest.size());
        visit(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    visit("--json");
}

std::string usage_of(const Verb& verb) {
    std::string text(verb.name);
    if (!verb.usage.empty()) {
        text += fmt::format(" {}", verb.usage);
    }
    for_each_option(verb, [&](std::string_view option) {
        text += option.ends_with('=') ? fmt::format(" [{} {}]", option.substr(0, option.size() - 1),
                                                    option == "--phys=" ? "RANGE" : "p:PA")
                                      : fmt::format(" [{}]", option);
    });
    return text;
}

void set_option(Options& options, std::string_view name, std::string_view value) {
    constexpr std::array<std::pair<std::string_view, bool Options::*>, 6> kSwitches = {
        {{"--json", &Options::json},
         {"--writable", &Options::writable},
         {"--user", &Options::user},
         {"--exec", &Options::executable},
         {"--tree", &Options::tree},
         {"--ad", &Options::accessed_dirty}}};
    for (const auto& [word, member] : kSwitches) {
        if (name == word) {
            options.*member = true;
        }
    }
    if (name == "--phys") {
        options.phys = value;
    } else if (name == "--cr3") {
        options.cr3 = value;
    }
}

/// Takes the options off the words; what is left are arguments. An error is a sentence.
std::expected<std::vector<std::string_view>, std::string>
take_words(const Verb& verb, std::span<const std::string_view> words, Options& options) {
    std::vector<std::string_view> arguments;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (!words[i].starts_with("--")) {
            arguments.push_back(words[i]);
            continue;
        }
        std::string_view known;
        for_each_option(verb, [&](std::string_view option) {
            known = option.substr(0, option.find('=')) == words[i] ? option : known;
        });
        if (known.empty()) {
            return std::unexpected(
                fmt::format("'{}' is not an option of {}; usage: {}", words[i], verb.name, usage_of(verb)));
        }
        const std::string_view name = words[i];
        std::string_view value;
        if (known.ends_with('=')) {
            if (++i == words.size()) {
                return std::unexpected(fmt::format("{} needs a value; usage: {}", name, usage_of(verb)));
            }
            value = words[i];
        }
        set_option(options, name, value);
    }
    if (arguments.size() < verb.least) {
        return std::unexpected(fmt::format("{} needs {}arguments; usage: {}", verb.name,
                                           arguments.empty() ? "" : "more ", usage_of(verb)));
    }
    if (arguments.size() > verb.most) {
        return std::unexpected(
            fmt::format("'{}' is one argument too many; usage: {}", arguments[verb.most], usage_of(verb)));
    }
    return arguments;
}

std::string verb_names() {
    std::string names;
    for (const Verb& verb : kVerbs) {
        names += fmt::format("{}{}", names.empty() ? "" : " ", verb.name);
    }
    return names;
}

} // namespace

Answer answer(const Subject& subject, std::string_view command) {
    const interface::Words words = interface::split_words(command);
    Asking asking{subject, {}, {}};
    asking.options.json = std::ranges::any_of(words.items, [](auto word) { return word == "--json"; });
    if (words.count == 0 || words.overflow) {
        const Status status = asking.error(words.overflow ? "too many words" : "what is to be asked?");
        return {status, std::move(asking.out.text)};
    }
    const auto verb = std::ranges::find(kVerbs, words[0], &Verb::name);
    if (verb == kVerbs.end()) {
        const Status status = asking.error(
            fmt::format("'{}' can't be asked from outside; there are {}", words[0], verb_names()));
        return {status, std::move(asking.out.text)};
    }
    const auto arguments =
        take_words(*verb, std::span{words.items}.subspan(1, words.count - 1), asking.options);
    if (!arguments) {
        const Status status = asking.error(arguments.error());
        return {status, std::move(asking.out.text)};
    }
    asking.arguments = *arguments;
    const Status status = verb->handler(asking);
    return {status, std::move(asking.out.text)};
}

std::string verbs_help() {
    std::string text;
    for (const Verb& verb : kVerbs) {
        text += fmt::format("  {:<24}{}\n", fmt::format("{} {}", verb.name, verb.usage), verb.summary);
    }
    return text;
}

} // namespace pagelab::console::ask

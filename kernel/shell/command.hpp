// A command as data, and what its handler is handed. For the dispatcher, the commands and `help`.
// A handler prints through `out` only, changes the machine through its operations only, and may be abandoned
// at any access of memory: it holds nothing that a destructor would have to give back.
#pragma once

#include "kernel/interface/marks.hpp"
#include "kernel/interface/tokenizer.hpp"
#include "kernel/machine/machine.hpp"
#include "kernel/paging/check_facts.hpp"
#include "kernel/shell/arguments.hpp"
#include "kernel/shell/history.hpp"
#include "kernel/shell/print.hpp"
#include "kernel/shell/teaching.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace pagelab::shell {

using interface::Status;
using machine::Machine;

/// The output of commands: silent from an interruption on, so that no half-made answer looks whole.
class CommandOutput final : public Output {
public:
    explicit CommandOutput(Machine& machine) : machine_(machine) {}
    void put(std::string_view text) override {
        if (!silent_) {
            machine_.write(text);
        }
    }
    void silence(bool silent) { silent_ = silent; }

private:
    Machine& machine_;
    bool silent_ = false;
};

/// The options of a command line; a command takes those that its row of the table lists.
struct Flags {
    bool json = false;
    bool writable = false;
    bool user = false;
    bool executable = false;
    bool tree = false;
    bool accessed_dirty = false;
    bool machine = false;
    std::string_view phys;
    std::string_view cr3;
};

/// What `halt` and `reboot` ask for; done after the command's mark was sent.
enum class Ending : std::uint8_t { none, halt, reboot };

struct Invocation {
    Machine& machine;
    CommandOutput& terminal;
    const History& history;
    paging::CheckWorkspace& workspace;
    Teaching& teaching;
    Output& out = terminal;
    Flags flags{};
    machine::ChangeOptions change{};
    bool interrupted = false;
    Ending ending = Ending::none;
    /// The words after the command's name, without options.
    interface::Words args {};

    /// To be asked at least each 50 ms by a loop. From true on nothing more is printed.
    [[nodiscard]] bool poll() {
        if (!interrupted && machine.poll()) {
            interrupted = true;
            terminal.silence(true);
        }
        return interrupted;
    }
    /// `error: …` or its record.
    [[gnu::noinline]] Status error(std::string_view text);
    [[gnu::noinline]] Status error(Problem problem);
    template <class... Parts>
    [[gnu::always_inline]] Status fail(const char* sentence, const Parts&... parts) {
        return fail_words(sentence, paging::detail::kinds_of<Parts...>(),
                          paging::detail::pass(parts).value...);
    }

private:
    Status fail_words(const char* sentence, std::uint32_t kinds, ...);
};

/// Room for one line that says what is wrong.
using Message = Text<384>;

/// Prints `error: …`, or the error record.
void print_error(Output& out, std::string_view text, bool json);
void print_error(Output& out, Problem problem, bool json);

using Handler = Status (*)(Invocation&);

enum class Family : std::uint8_t {
    translate,
    change,
    memory,
    access,
    tlb,
    space,
    strategy,
    history,
    teach,
    system
};
inline constexpr std::array<Literal, 10> kFamilyNames = {
    "translate", "change", "memory", "access", "tlb", "space", "strategy", "history", "teach", "system"};

enum class Kind : std::uint8_t {
    query,    // tells; takes --json
    action,   // does
    prefix,   // stands before a command that changes: noflush, force; or before one of another space: in
    modifier, // runs a command: repeat, time
    end,      // ends the machine's run: its mark goes first
};

/// Which of force and noflush make sense before a command: bits.
enum class Prefixes : std::uint8_t { none, force, noflush, both };

struct Command {
    Literal name;
    Family family{};
    Kind kind{};
    Prefixes prefixes = Prefixes::none;
    std::uint8_t min_args = 0;
    std::uint8_t max_args = 0;
    /// The arguments, as usage shows them; without options.
    Literal usage;
    Literal summary;
    /// More lines for `help`, each with its newline; may be empty.
    Literal details;
    /// Whole lines; each works on a fresh machine.
    std::array<Literal, 3> examples;
    /// Separated by a space; `=` at the end: a value follows. A query has --json besides.
    Literal options;
    /// What Tab offers, by argument, separated by `|`: words, or @rights, @commands, @topics,
    /// @demos, @crashes. With `word=` before them only behind that word.
    Literal words;
    Handler handler = nullptr; // none for prefixes and modifiers
};

} // namespace pagelab::shell

// What the user asked for, parsed from the command line. Pure but for the text it prints about usage.
#pragma once

#include "serial-console/src/machine/machine_spec.hpp"

#include <expected>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pagelab::console::machine {

/// A picture to be saved: SVG, or text if the file's name ends in .txt.
struct PictureRequest {
    std::string file; ///< empty: none
    std::string walk; ///< the poster of this address's walk; empty: the address space
};

/// What is written down while the picture is shown.
struct RecordRequest {
    std::string record; ///< terminal and tables, for --replay; empty: not
    std::string cast;   ///< the screen as asciicast v2; empty: not

    [[nodiscard]] bool any() const { return !record.empty() || !cast.empty(); }
};

/// Start a machine.
struct RunRequest {
    enum class Mode { console, plain, exec, script, detach };
    Mode mode = Mode::console;
    std::string kernel; ///< path of the kernel's image
    MachineSpec machine;
    std::optional<std::string> name; ///< nothing: `lab`, or a private one in a batch
    bool rr = false;                 ///< the machine is recorded for a replay, under its name or `lab`
    bool keep_going = false;         ///< after a death of the guest, with the next command
    std::string text;                ///< exec: the commands; script: the file, `-` is stdin
    PictureRequest picture;          ///< saved before a batch ends
    RecordRequest record;            ///< console
};

/// Open the console of a running machine.
struct AttachRequest {
    std::string name;
    bool plain = false;
    PictureRequest picture; ///< saved in place of opening a console
    RecordRequest record;
};

struct ListRequest {};

/// End machines.
struct StopRequest {
    std::string name;
    bool all = false;
};

/// Print the directory of a running machine.
struct WhereRequest {
    std::string name;
};

/// Run a command, a debugger, beside a replay of a recorded run, and end the replay with it. Of the command's
/// words `{connect}` becomes GDB's `target remote SOCKET`, `{kernel}` the recorded kernel's path, and `{end}`
/// the number of instructions that were recorded, as `set $pagelab_recorded = N`.
struct ReplayRequest {
    std::string name; ///< of the recording
    std::vector<std::string> command;
};

/// Draw the picture of a running machine once, without a terminal.
struct DrawRequest {
    std::string name;
    std::string svg;  ///< the file to write; empty: text on stdout
    std::string at;   ///< the address whose walk is shown, as in the shell; empty: where the kernel begins
    std::string view; ///< all that this view tells, as text, in place of a picture
    std::string ask;  ///< what this line answers in the shell's language, as text, in place of a picture
    int columns = 0;
    int rows = 0;
};

/// A QEMU that somebody else started: its sockets and files, as the user named them.
struct ForeignRequest {
    std::string monitor; ///< of QMP
    std::string ram;     ///< the shared RAM; empty: read by the monitor
    std::string serial;  ///< of the guest's serial port; empty: not shown
};

/// A recording, as somebody who can be asked: its end.
struct RecordingFile {
    std::string file;
};

/// Answer verbs from outside of a guest.
struct AskRequest {
    std::variant<std::string, ForeignRequest, RecordingFile> whom; ///< a run's name, or who else
    std::string commands;                                          ///< separated by ;
};

/// Watch somebody else's QEMU.
struct WatchRequest {
    ForeignRequest guest;
    PictureRequest picture; ///< saved in place of watching
    RecordRequest record;
};

/// Look at a recorded session or a report.
struct PlayRequest {
    enum class Mode { show, contents, cast, picture };
    Mode mode = Mode::show;
    std::string file;
    std::string cast;       ///< the asciicast to write
    PictureRequest picture; ///< of its end
    int columns = 0;        ///< of the cast
    int rows = 0;
};

/// Write all that is known of a running lab into one file, a recording.
struct ReportRequest {
    std::string name;
    std::string file;
    bool yes = false; ///< without asking
};

/// Nothing is to be done but to print `text` (help).
struct HelpRequest {
    std::string text;
};

using Request = std::variant<RunRequest, AttachRequest, ListRequest, StopRequest, WhereRequest, ReplayRequest,
                             DrawRequest, AskRequest, WatchRequest, PlayRequest, ReportRequest, HelpRequest>;

/// An error is one line that says what is allowed.
[[nodiscard]] std::expected<Request, std::string> parse_request(const std::vector<std::string>& arguments);

} // namespace pagelab::console::machine

#include "serial-console/src/machine/run_directory.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <system_error>

namespace pagelab::console::machine {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kOnlyOurs = 0700;
constexpr mode_t kOthers = 0077;
constexpr mode_t kOthersWrite = 0022;
constexpr std::size_t kLongestName = 32;
constexpr milliseconds kDyingPatience(300);

constexpr std::array kRunFiles = {
    run_file::kSerial, run_file::kGdb,       run_file::kQmp,     run_file::kControl,
    run_file::kRam,    run_file::kSerialLog, run_file::kQemuLog, run_file::kPid,
    run_file::kRecord, run_file::kState,     run_file::kLock,
};

std::string reason() {
    return std::strerror(errno);
}

std::string read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Holds the base's own lock: claiming, taking over and sweeping happen one after the other. Whoever ends the
/// last run removes the base, so after waiting it may be another directory: then look again.
class BaseLock {
public:
    explicit BaseLock(const fs::path& path) {
        constexpr int kTries = 100;
        for (int i = 0; i < kTries && !holds(path); ++i) {
            ::mkdir(path.c_str(), kOnlyOurs);
            descriptor_.reset(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
            while (descriptor_ && ::flock(descriptor_.get(), LOCK_EX) != 0 && errno == EINTR) {
            }
        }
    }

private:
    [[nodiscard]] bool holds(const fs::path& path) const {
        struct stat held {};
        struct stat now {};
        return descriptor_ && ::fstat(descriptor_.get(), &held) == 0 && ::stat(path.c_str(), &now) == 0 &&
               held.st_dev == now.st_dev && held.st_ino == now.st_ino;
    }

    FileDescriptor descriptor_;
};

/// Why a path may not be used as a directory of ours; nothing if it may. A link is none.
std::optional<std::string> objection(const fs::path& path, mode_t forbidden) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
        return reason();
    }
    if (!S_ISDIR(status.st_mode)) {
        return "it is not a directory";
    }
    if (status.st_uid != ::geteuid()) {
        return "it belongs to somebody else";
    }
    if ((status.st_mode & forbidden) != 0) {
        return fmt::format("its mode is {:04o}; chmod 700 it", status.st_mode & 07777);
    }
    return std::nullopt;
}

/// Takes a run's lock. Nothing while somebody has it, or if the file is missing and not to be made.
FileDescriptor take_lock(const fs::path& directory, bool create) {
    const fs::path path = directory / run_file::kLock;
    FileDescriptor lock(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0), 0600));
    if (lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        lock.reset();
    }
    return lock;
}

bool has_lock_file(const fs::path& directory) {
    struct stat status {};
    return ::lstat((directory / run_file::kLock).c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

void remove_run_files(const fs::path& directory, bool with_lock) {
    for (const std::string_view name : kRunFiles) {
        if (with_lock || name != run_file::kLock) {
            ::unlink((directory / name).c_str());
        }
    }
}

std::string fresh_name() {
    std::random_device random;
    // Short: the path of a run has its limit, and a base may be deep.
    return fmt::format("run-{:06x}", random() & 0xffffff);
}

std::string too_long(const fs::path& path) {
    return fmt::format("{}: the path has {} bytes, a run's may have {}; choose a shorter PAGELAB_DIR",
                       path.string(), path.native().size(), kLongestRunPath);
}

} // namespace

bool is_run_name(std::string_view name) {
    const bool letters = std::ranges::all_of(name, [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || letter == '.' || letter == '_' || letter == '-';
    });
    return letters && !name.empty() && name.size() <= kLongestName && name != "." && name != "..";
}

std::expected<RunBase, std::string> RunBase::open() {
    const char* const chosen = std::getenv("PAGELAB_DIR");
    const bool own_place = chosen == nullptr || *chosen == '\0';
    std::error_code error;
    fs::path path = own_place ? fs::path(fmt::format("/tmp/pagelab-{}", ::geteuid()))
                              : fs::absolute(chosen, error).lexically_normal();
    if (!path.has_filename()) {
        path = path.parent_path(); // a trailing slash
    }
    const bool made = ::mkdir(path.c_str(), kOnlyOurs) == 0;
    if (!made && errno != EEXIST) {
        return std::unexpected(fmt::format("{}: can't make it: {}", path.string(), reason()));
    }
    if (!own_place) {
        // A chosen place may be a link; what counts is where it leads.
        path = fs::weakly_canonical(path, error);
    }
    // The default place lies where everybody may write, so nobody else may even look into it. A chosen one
    // must only be safe from changes: the runs in it are closed themselves.
    if (const auto why = objection(path, own_place ? kOthers : kOthersWrite)) {
        return std::unexpected(
            fmt::format("{}: {}; or choose another place with PAGELAB_DIR", path.string(), *why));
    }
    return RunBase(std::move(path), made || own_place);
}

void RunBase::remove_if_empty() const {
    if (removable_) {
        const BaseLock serialised(path_);
        ::rmdir(path_.c_str());
    }
}

std::expected<RunDirectory, std::string> RunDirectory::claim(const RunBase& base, std::string_view name,
                                                             const Say& say) {
    fs::path path = base.path() / name;
    if (path.native().size() > kLongestRunPath) {
        return std::unexpected(too_long(path));
    }
    const BaseLock serialised(base.path());
    if (::mkdir(path.c_str(), kOnlyOurs) != 0) {
        if (errno != EEXIST) {
            return std::unexpected(fmt::format("{}: can't make it: {}", path.string(), reason()));
        }
        if (const auto why = objection(path, kOthers)) {
            return std::unexpected(fmt::format("{}: {}; or choose another --name", path.string(), *why));
        }
        std::error_code error;
        if (!has_lock_file(path) && !fs::is_empty(path, error)) {
            return std::unexpected(
                fmt::format("{}: not the directory of a run; choose another --name", path.string()));
        }
    }
    const bool had_lock = has_lock_file(path);
    FileDescriptor lock = take_lock(path, true);
    // A run that was killed a moment ago lets go of its lock when the last of it is gone.
    for (const Deadline deadline(kDyingPatience); !lock && !deadline.passed();) {
        ::usleep(2000);
        lock = take_lock(path, true);
    }
    if (!lock) {
        return std::unexpected(fmt::format(
            "a run named {} is there already; --attach {} opens it, --name NAME starts another", name, name));
    }
    if (had_lock) {
        say(fmt::format("removed what an ended run had left in {}", path.string()));
        remove_run_files(path, false);
    }
    return RunDirectory(std::move(path), std::move(lock));
}

std::expected<RunDirectory, std::string> RunDirectory::claim_private(const RunBase& base) {
    constexpr int kTries = 16;
    for (int i = 0; i < kTries; ++i) {
        fs::path path = base.path() / fresh_name();
        if (path.native().size() > kLongestRunPath) {
            return std::unexpected(too_long(path));
        }
        const BaseLock serialised(base.path());
        if (::mkdir(path.c_str(), kOnlyOurs) == 0) {
            if (FileDescriptor lock = take_lock(path, true)) {
                return RunDirectory(std::move(path), std::move(lock));
            }
        } else if (errno != EEXIST) {
            return std::unexpected(fmt::format("{}: can't make it: {}", path.string(), reason()));
        }
    }
    return std::unexpected(fmt::format("{}: no free name for a run", base.path().string()));
}

std::optional<RunDirectory> RunDirectory::take_over(const fs::path& path) {
    const BaseLock serialised(path.parent_path());
    FileDescriptor lock = take_lock(path, false);
    if (!lock) {
        return std::nullopt;
    }
    return RunDirectory(path, std::move(lock));
}

std::expected<void, std::string> RunDirectory::check_space(std::uint64_t bytes) const {
    struct statvfs place {};
    if (::statvfs(path_.c_str(), &place) != 0) {
        return std::unexpected(fmt::format("{}: {}", path_.string(), reason()));
    }
    const std::uint64_t free = std::uint64_t{place.f_bavail} * place.f_frsize;
    if (free >= bytes) {
        return {};
    }
    return std::unexpected(fmt::format(
        "no room for {} MiB of guest RAM: {} has {} MiB free; take less with --memory, or another "
        "place with PAGELAB_DIR",
        bytes >> 20, path_.parent_path().string(), free >> 20));
}

void RunDirectory::remove() {
    remove_run_files(path_, true);
    ::rmdir(path_.c_str());
    lock_.reset();
}

void write_record(const RunDirectory& directory, const RunRecord& record, const ProcessIdentity& process) {
    const nlohmann::ordered_json json = {
        {"name", directory.name()},    {"pid", process.pid},         {"started", process.started},
        {"machine", record.machine},   {"cpu", record.cpu},          {"memory", record.memory},
        {"kernel", record.kernel},     {"icount", record.icount},    {"recorded", record.recorded},
        {"replayed", record.replayed}, {"exercise", record.exercise}};
    std::ofstream(directory.file(run_file::kRecord)) << json.dump() << '\n';
    // The pid file is what counts as "started", so it comes last.
    std::ofstream(directory.file(run_file::kPid)) << identity_text(process);
}

namespace {

/// A record as it was written; empty fields where it can't be read.
RunRecord read_record(const fs::path& path) {
    const auto json = nlohmann::json::parse(read_file(path / run_file::kRecord), nullptr, false);
    RunRecord record;
    if (json.is_object()) {
        record.machine = json.value("machine", "");
        record.cpu = json.value("cpu", "");
        record.memory = json.value("memory", std::uint64_t{0});
        record.kernel = json.value("kernel", "");
        record.icount = json.value("icount", false);
        record.recorded = json.value("recorded", false);
        record.replayed = json.value("replayed", false);
        record.exercise = json.value("exercise", "");
    }
    return record;
}

std::optional<LiveRun> live_run(const fs::path& path) {
    if (objection(path, kOthers) || !has_lock_file(path)) {
        return std::nullopt;
    }
    const auto process = parse_identity(read_file(path / run_file::kPid));
    if (!process || !ProcessHandle::open(*process)) {
        return std::nullopt;
    }
    return LiveRun{path, *process, read_record(path)};
}

} // namespace

std::optional<LiveRun> find_run(const RunBase& base, std::string_view name) {
    return live_run(base.path() / name);
}

std::vector<LiveRun> list_runs(const RunBase& base) {
    std::vector<LiveRun> runs;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(base.path(), error)) {
        if (auto run = live_run(entry.path())) {
            runs.push_back(std::move(*run));
        }
    }
    std::ranges::sort(runs, {}, &LiveRun::path);
    return runs;
}

void sweep(const RunBase& base, const Say& say) {
    const BaseLock serialised(base.path());
    std::error_code error;
    std::vector<fs::path> found;
    for (const fs::directory_entry& entry : fs::directory_iterator(base.path(), error)) {
        found.push_back(entry.path());
    }
    for (const fs::path& path : found) {
        if (objection(path, kOthers) || !has_lock_file(path)) {
            continue;
        }
        if (const FileDescriptor lock = take_lock(path, false)) {
            remove_run_files(path, true);
            ::rmdir(path.c_str());
            say(fmt::format("removed what an ended run had left in {}", path.string()));
        }
    }
}

} // namespace pagelab::console::machine

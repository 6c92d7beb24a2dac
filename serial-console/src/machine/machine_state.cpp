#include "serial-console/src/machine/machine_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <unistd.h>

namespace pagelab::console::machine {
namespace {

using nlohmann::json;
using Result = std::expected<void, std::string>;

constexpr const char* kFileNode = "state-file";
constexpr const char* kImageNode = "state";
constexpr const char* kJob = "state-create";
/// The image of a disk that nobody uses; the snapshots lie beside it.
constexpr std::uint64_t kDiskBytes = 1 << 20;

Result execute(QmpClient& control, const char* command, const json& arguments, const Deadline& deadline) {
    const auto answer = control.execute(command, arguments, deadline);
    return answer ? Result{} : std::unexpected(answer.error());
}

/// A crash of the host may lose the image: so nothing ever waits for the disk.
const json kNoFlush = {{"no-flush", true}};

Result add_file(QmpClient& control, const std::filesystem::path& path, const Deadline& deadline) {
    return execute(control, "blockdev-add",
                   {{"driver", "file"},
                    {"node-name", kFileNode},
                    {"filename", path.string()},
                    {"locking", "off"}, // whoever was killed with it open is gone
                    {"cache", kNoFlush}},
                   deadline);
}

Result add_image(QmpClient& control, const Deadline& deadline) {
    return execute(control, "blockdev-add",
                   {{"driver", "qcow2"}, {"node-name", kImageNode}, {"file", kFileNode}, {"cache", kNoFlush}},
                   deadline);
}

std::expected<bool, std::string> has_image(QmpClient& control, const Deadline& deadline) {
    const auto nodes = control.execute("query-named-block-nodes", {{"flat", true}}, deadline);
    if (!nodes) {
        return std::unexpected(nodes.error());
    }
    return std::ranges::any_of(*nodes,
                               [](const json& node) { return node.value("node-name", "") == kImageNode; });
}

/// Waits for the job's end; its error, if it has one.
Result await_job(QmpClient& control, const Deadline& deadline) {
    while (!deadline.passed()) {
        const auto jobs = control.execute("query-jobs", json::object(), deadline);
        if (!jobs) {
            return std::unexpected(jobs.error());
        }
        for (const json& job : *jobs) {
            if (job.value("id", "") == kJob && job.value("status", "") == "concluded") {
                if (auto dismissed = execute(control, "job-dismiss", {{"id", kJob}}, deadline); !dismissed) {
                    return dismissed;
                }
                const std::string error = job.value("error", "");
                return error.empty() ? Result{} : std::unexpected(error);
            }
        }
        ::usleep(500);
    }
    return std::unexpected("QEMU does not answer (blockdev-create)");
}

/// A command of the human monitor that says nothing when all is well.
Result silent(QmpClient& control, const std::string& line, const Deadline& deadline) {
    const auto answer = control.human(line, deadline);
    if (!answer) {
        return std::unexpected(answer.error());
    }
    const std::string text = answer->substr(0, answer->find_first_of("\r\n"));
    return text.empty() ? Result{} : std::unexpected(text);
}

} // namespace

Result create_state_image(QmpClient& control, const std::filesystem::path& path, const Deadline& deadline) {
    const auto has_it = has_image(control, deadline);
    if (!has_it || *has_it) {
        return has_it ? Result{} : std::unexpected(has_it.error());
    }
    if (!std::ofstream(path, std::ios::trunc)) {
        return std::unexpected(fmt::format("{}: {}", path.string(), std::strerror(errno)));
    }
    auto done = add_file(control, path, deadline);
    if (done) {
        done = execute(
            control, "blockdev-create",
            {{"job-id", kJob}, {"options", {{"driver", "qcow2"}, {"file", kFileNode}, {"size", kDiskBytes}}}},
            deadline);
    }
    if (done) {
        done = await_job(control, deadline);
    }
    if (done) {
        done = add_image(control, deadline);
    }
    control.forget("JOB_STATUS_CHANGE");
    return done;
}

Result open_state_image(QmpClient& control, const std::filesystem::path& path, const Deadline& deadline) {
    const auto done = add_file(control, path, deadline);
    return done ? add_image(control, deadline) : done;
}

Result save_state(QmpClient& control, const std::string& tag, const Deadline& deadline) {
    return silent(control, fmt::format("savevm {}", tag), deadline);
}

Result load_state(QmpClient& control, const std::string& tag, const Deadline& deadline) {
    return silent(control, fmt::format("loadvm {}", tag), deadline);
}

} // namespace pagelab::console::machine

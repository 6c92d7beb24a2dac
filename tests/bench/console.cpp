// What the console's picture costs, each against a plain copy of the same 4 MiB in the same run: decode,
// regions and diff of 1,024 tables, and a frame drawn at 200x60. Run by scripts/bench console; needs no
// guest.
#include "kernel/interface/lab_page.hpp"
#include "kernel/interface/layout.hpp"
#include "serial-console/src/guest/capture.hpp"
#include "serial-console/src/model/update.hpp"
#include "serial-console/src/view/draw.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace guest = pagelab::console::guest;
namespace interface = pagelab::interface;
namespace model = pagelab::console::model;
namespace paging = pagelab::paging;
namespace view = pagelab::console::view;

constexpr std::size_t kRam = std::size_t{16} << 20;
constexpr std::uint32_t kDirectory = 0x00200000;
constexpr std::uint32_t kTables = 0x00400000; // 1,024 of them, one behind the other
constexpr std::size_t kTableBytes = std::size_t{1024} * paging::kPageSize;

/// A shared file as QEMU keeps a guest's RAM in, and this process as the guest.
class Guest {
public:
    Guest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "pagelab-bench-XXXXXX").string();
        const int descriptor = ::mkstemp(pattern.data());
        if (descriptor < 0 || ::ftruncate(descriptor, kRam) != 0) {
            std::exit(2);
        }
        path_ = pattern;
        words_ = static_cast<std::uint32_t*>(
            ::mmap(nullptr, kRam, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0));
        ::close(descriptor);
        auto& lab = *reinterpret_cast<interface::LabPage*>(words_ + interface::layout::kLabPage.raw() / 4);
        lab.magic = interface::kLabMagic;
        lab.version = interface::kLabVersion;
        lab.cr0 = 0x80010011;
        lab.cr3 = kDirectory;
        lab.cr4 = 0x90;
        for (std::uint32_t i = 0; i < paging::kEntryCount; ++i) {
            word(kDirectory + 4 * i) = (kTables + i * paging::kPageSize) | 7;
        }
    }
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;
    ~Guest() {
        ::munmap(words_, kRam);
        std::filesystem::remove(path_);
    }
    /// All 4 GiB: in runs of `run` pages, one after the other in physical memory, each run with other flags.
    void map_all(std::uint32_t run) {
        for (std::uint32_t i = 0; i < paging::kEntryCount * paging::kEntryCount; ++i) {
            word(kTables + 4 * i) = i << 12 | 7 | (i / run % 2) << 9;
        }
    }
    /// Touches one entry of each table: nothing can be taken from the picture before.
    void change_each_table() {
        for (std::uint32_t i = 0; i < paging::kEntryCount; ++i) {
            word(kTables + i * paging::kPageSize) ^= paging::bits::kAvail10;
        }
    }
    void change_one_entry() { word(kTables + 0x1234 * 4) ^= paging::bits::kAvail10; }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] const std::uint32_t* tables() const { return words_ + kTables / 4; }

private:
    std::uint32_t& word(std::uint32_t address) { return words_[address / 4]; }
    std::uint32_t* words_ = nullptr;
    std::filesystem::path path_;
};

/// The median of `runs` times of `action`, in ms, after one that is not counted. `before` is not timed.
template <class Before, class Action>
double median(int runs, Before before, Action action) {
    std::vector<double> times;
    for (int run = 0; run <= runs; ++run) {
        before();
        const auto start = std::chrono::steady_clock::now();
        action();
        const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
        if (run > 0) {
            times.push_back(taken.count());
        }
    }
    std::ranges::nth_element(times, times.begin() + runs / 2);
    return times[static_cast<std::size_t>(runs / 2)];
}

std::size_t count_regions(const model::Snapshot& snapshot) {
    std::size_t count = 0;
    model::for_each_region(snapshot, [&](const paging::Region&) {
        ++count;
        return true;
    });
    return count;
}

struct Bench {
    Guest guest;
    guest::Ram ram = std::move(*guest::Ram::open(guest.path()));
    std::vector<std::uint32_t> copy = std::vector<std::uint32_t>(kTableBytes / 4);
    int runs = 51;
    double baseline = 0;

    void say(const std::string& what, double ms, const char* target) const {
        fmt::print("{:52} {:7.3f} ms  {:5.2f} x the copy  {}\n", what, ms, ms / baseline, target);
    }

    std::shared_ptr<const model::Snapshot> look(const model::Snapshot* before) {
        return *guest::capture(ram, guest::MidChange::refuse, before);
    }

    /// One frame of the picture: capture, regions, diff; `change` is what the guest did since the last one.
    template <class Change>
    double frame(Change change) {
        auto last = look(nullptr);
        std::size_t sum = 0;
        const double ms = median(runs, change, [&] {
            auto next = look(last.get());
            sum += count_regions(*next) + model::changed_slots(*last, *next).count();
            last = std::move(next);
        });
        return sum == 0 ? -1 : ms; // the sum keeps the work
    }

    void measure() {
        guest.map_all(paging::kEntryCount);
        baseline = median(
            runs, [] {}, [&] { std::memcpy(copy.data(), guest.tables(), kTableBytes); });
        fmt::print("1,024 tables, 1,048,576 entries; medians of {}; a copy of these 4 MiB takes {:.3f} ms\n",
                   runs, baseline);
        say("decode, regions, diff: each table changed", frame([&] { guest.change_each_table(); }),
            "<= 1 ms");
        say("the same, one entry changed", frame([&] { guest.change_one_entry(); }), "");
        guest.map_all(16);
        say("each table changed, 64 regions in each", frame([&] { guest.change_each_table(); }), "");
        guest.map_all(1);
        say("each table changed, each page a region", frame([&] { guest.change_each_table(); }), "");
        guest.map_all(16);
        draw_frame();
    }

    void draw_frame() {
        model::State state;
        state.size = {60, 200};
        static_cast<void>(model::update(state, {model::Time{0}, model::SnapshotTaken{look(nullptr)}}));
        const view::Theme theme{view::ColourDepth::many, true};
        std::size_t drawn = 0;
        const double ms = median(
            runs, [] {}, [&] { drawn += view::draw(state, theme).at(1, 1).character; });
        say(drawn == 0 ? "nothing drawn" : "a frame drawn at 200x60", ms, "<= 2 ms");
    }
};

} // namespace

int main(int count, char** arguments) {
    Bench bench;
    if (count == 3 && std::string_view{arguments[1]} == "--runs") {
        bench.runs = std::max(std::atoi(arguments[2]), 1);
    }
    bench.measure();
}

// A student's file beside the kernel: the image that the host links, the loader hands over as a multiboot
// module and the kernel maps at layout::kExercise. It names its own functions and lines, so that a report can
// say where in the student's file something happened. For kernel, checker and tests; labs/checker/image.py
// writes it. Layout and look-ups only: whatever the words say, nothing is read beyond the image.
#pragma once

#include "kernel/interface/layout.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pagelab::interface {

/// What lab.h calls, by its index in ExerciseHeader::services.
enum class ExerciseService : std::uint32_t { frame_alloc, frame_free };
inline constexpr std::uint32_t kExerciseServices = 2;

/// What lies in a frame that frame_alloc() hands out: each word reads as a present entry that leads beyond
/// all RAM, so that a table that was not zeroed shows.
inline constexpr std::uint32_t kExerciseGarbage = 0xdeadb007;

/// The image's first words. Offsets count from here, in bytes.
struct ExerciseHeader {
    static constexpr std::uint32_t kMagic = 0x42414c50; // "PLAB"
    static constexpr std::uint32_t kVersion = 1;
    /// An address, and what it belongs to: the offset of a function's name, or a line's number.
    struct Place {
        std::uint32_t address = 0;
        std::uint32_t what = 0;
    };

    std::uint32_t magic = 0;
    std::uint32_t version = 0;
    std::uint32_t bytes = 0;                         // of the image, with zeroed data; whole pages
    std::uint32_t read_only_bytes = 0;               // header, names and code: from 0 on; whole pages
    std::uint32_t file_name = 0;                     // offset of a text that ends in 0
    std::uint32_t functions = 0, function_count = 0; // offset of Places, ascending
    std::uint32_t lines = 0, line_count = 0;         // offset of Places, ascending
    /// Written by the kernel: where its services are, and what the last call that returned gave back.
    std::array<std::uint32_t, kExerciseServices> services{};
    std::uint32_t calls = 0; // how many have returned
    std::uint32_t result = 0;
};

/// A look into an image that lies at its place.
class Exercise {
public:
    using Place = ExerciseHeader::Place;

    /// Where a code address lies in the student's file.
    struct Source {
        std::string_view file;
        std::string_view function;
        std::uint32_t line = 0; // 0: unknown
    };

    explicit constexpr Exercise(const unsigned char* image) : image_(image) {}

    [[nodiscard]] const ExerciseHeader& header() const {
        return *reinterpret_cast<const ExerciseHeader*>(image_);
    }
    /// Whether this is an image that fits its place, in `room` bytes.
    [[nodiscard]] bool is_valid(std::uint32_t room) const {
        const ExerciseHeader& head = header();
        return head.magic == ExerciseHeader::kMagic && head.version == ExerciseHeader::kVersion &&
               head.bytes % paging::kPageSize == 0 && head.read_only_bytes % paging::kPageSize == 0 &&
               head.bytes <= room && head.bytes <= layout::kExerciseBytes &&
               head.read_only_bytes <= head.bytes && head.bytes != 0;
    }

    [[nodiscard]] std::string_view file() const { return text(header().file_name); }
    [[nodiscard]] std::uint32_t function_count() const {
        return fits(header().functions, header().function_count) ? header().function_count : 0;
    }
    [[nodiscard]] std::string_view function_name(std::uint32_t index) const {
        return text(function(index).what);
    }
    [[nodiscard]] std::uint32_t function_address(std::uint32_t index) const {
        return function(index).address;
    }
    [[nodiscard]] std::optional<std::uint32_t> address_of(std::string_view name) const {
        for (std::uint32_t i = 0; i < function_count(); ++i) {
            if (function_name(i) == name) {
                return function_address(i);
            }
        }
        return std::nullopt;
    }

    /// Nothing for an address that is not in the student's code.
    [[nodiscard]] std::optional<Source> source_of(std::uint32_t address) const {
        const ExerciseHeader& head = header();
        if (address < layout::kExercise.raw() || address - layout::kExercise.raw() >= head.read_only_bytes) {
            return std::nullopt;
        }
        const Place* const in = last_before(head.functions, function_count(), address);
        if (in == nullptr) {
            return std::nullopt;
        }
        const bool lines = fits(head.lines, head.line_count);
        const Place* const at = lines ? last_before(head.lines, head.line_count, address) : nullptr;
        return Source{file(), text(in->what), at != nullptr ? at->what : 0};
    }

private:
    [[nodiscard]] bool fits(std::uint32_t offset, std::uint32_t count) const {
        const std::uint32_t bytes = header().bytes;
        return offset <= bytes && count <= (bytes - offset) / sizeof(Place);
    }
    [[nodiscard]] const Place* places(std::uint32_t offset) const {
        return reinterpret_cast<const Place*>(image_ + offset);
    }
    [[nodiscard]] const Place& function(std::uint32_t index) const {
        return places(header().functions)[index];
    }
    [[nodiscard]] const Place* last_before(std::uint32_t offset, std::uint32_t count,
                                           std::uint32_t address) const {
        const Place* found = nullptr;
        for (const Place* place = places(offset); count > 0 && place->address <= address; ++place, --count) {
            found = place;
        }
        return found;
    }
    [[nodiscard]] std::string_view text(std::uint32_t offset) const {
        const std::uint32_t bytes = header().bytes;
        std::uint32_t end = offset;
        while (end < bytes && image_[end] != 0) {
            ++end;
        }
        return offset < bytes ? std::string_view(reinterpret_cast<const char*>(image_) + offset, end - offset)
                              : std::string_view{};
    }

    const unsigned char* image_;
};

} // namespace pagelab::interface

// The RAM of a guest that somebody else started, in its shared file. Read by system calls and never mapped:
// nobody promises that this file keeps its length, and a mapping of a file that was cut off is fatal.
#pragma once

#include "serial-console/src/guest/memory.hpp"
#include "serial-console/src/guest/memory_map.hpp"
#include "serial-console/src/machine/file_descriptor.hpp"

#include <expected>
#include <filesystem>
#include <string>
#include <utility>

namespace pagelab::console::guest {

class RamFile final : public Memory {
public:
    /// `pieces`: where the file's bytes appear. The error says why it can't be that guest's RAM.
    [[nodiscard]] static std::expected<RamFile, std::string> open(const std::filesystem::path& file,
                                                                  std::vector<RamPiece> pieces);

    [[nodiscard]] bool copy_frame(paging::PhysAddr frame, model::TableWords& into) const override;
    [[nodiscard]] std::vector<paging::PhysRange> ranges() const override;

private:
    RamFile(machine::FileDescriptor file, std::vector<RamPiece> pieces)
        : file_(std::move(file)), pieces_(std::move(pieces)) {}

    machine::FileDescriptor file_;
    std::vector<RamPiece> pieces_;
};

} // namespace pagelab::console::guest

// The decoder, the verbs and the pictures on hostile RAM: 64 frames of any bytes, any registers, any
// question.
#include "fuzz_input.hpp"

#include "serial-console/src/ask/verbs.hpp"
#include "serial-console/src/guest/tables.hpp"
#include "serial-console/src/picture/pictures.hpp"

#include <array>

using namespace pagelab;
using namespace pagelab::console;

namespace {

constexpr std::uint64_t kFrames = 64;

class HostileMemory final : public guest::Memory {
public:
    explicit HostileMemory(std::string_view bytes) {
        for (std::size_t i = 0; i + 4 <= bytes.size() && i / 4 < words_.size(); i += 4) {
            std::memcpy(&words_[i / 4], bytes.data() + i, 4);
        }
    }
    bool copy_frame(paging::PhysAddr frame, model::TableWords& into) const override {
        if (frame.frame() >= kFrames) {
            return false;
        }
        std::copy_n(words_.begin() + static_cast<std::ptrdiff_t>(frame.frame() % 8 * 1024), 1024,
                    into.begin());
        return true;
    }
    [[nodiscard]] std::vector<paging::PhysRange> ranges() const override {
        return {{paging::PhysAddr{0}, paging::PhysAddr{kFrames << 12}}};
    }

private:
    std::array<std::uint32_t, 8 * 1024> words_{};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    auto snapshot = std::make_shared<model::Snapshot>();
    snapshot->lab.context.control = {input.number() | paging::cr0::kPaging,
                                     input.number() & static_cast<std::uint32_t>((kFrames << 12) - 1),
                                     input.number()};
    snapshot->lab.pagelab = input.number<std::uint8_t>() % 2 != 0;
    const paging::VirtAddr va{input.number()};
    const std::string question(input.take(input.number<std::uint8_t>()));
    const HostileMemory memory(input.rest());
    guest::copy_tables(memory, *snapshot);
    model::summarise(*snapshot);
    const paging::Walk walk = snapshot->walk(va);
    fuzz::require(walk.step_count <= 2);
    fuzz::require(!walk.has_page() || walk.pa.has_value());
    const ask::Subject subject{snapshot, memory.ranges(), {}};
    for (const std::string_view each :
         {std::string_view(question), std::string_view("maps"), std::string_view("check --json")}) {
        const ask::Answer answer = ask::answer(subject, each);
        fuzz::require(answer.text.empty() || answer.text.back() == '\n');
    }
    if (input.rest().size() % 4 == 0) { // drawing takes longer than all the rest
        static_cast<void>(picture::walk_svg(*snapshot, va));
        static_cast<void>(picture::address_space_svg(*snapshot, question));
    }
    return 0;
}

// Packs the kernel's image, as format.hpp tells: pagelab-pack IMAGE CODE_BYTES PACKED
//
// Runs on the host, while the kernel is built.
#include "kernel/packing/packer.hpp"

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>

namespace {

using namespace pagelab::packing;

constexpr std::uint32_t LARGEST_IMAGE = 1U << 20; // bytes: what the slots reach

void pack_file(const std::string& from, std::uint32_t code_bytes, const std::string& to) {
    std::ifstream input(from, std::ios::binary);
    Bytes image((std::istreambuf_iterator<char>(input)), {});
    if (!input || image.empty() || image.size() % 4 != 0 || image.size() > LARGEST_IMAGE) {
        throw std::runtime_error(from + " is no image of whole words, at most 1 MiB");
    }
    if (code_bytes > image.size()) {
        throw std::runtime_error("more code than image");
    }
    const auto size = static_cast<std::uint32_t>(image.size());
    const std::uint32_t sum = checksum(image);
    const auto mark = filter(image, code_bytes);

    // Code and all else are so different that each gets its codes.
    std::vector<std::uint32_t> ends{size};
    if (code_bytes != 0 && code_bytes != size) {
        ends.insert(ends.begin(), code_bytes);
    }
    Bytes packed;
    for (const std::uint32_t value : {size, mark ? code_bytes : 0, mark.value_or(0), sum}) {
        put_word(packed, value);
    }
    std::ranges::copy(Packer(image, ends).pack(), std::back_inserter(packed));
    std::ofstream output(to, std::ios::binary);
    std::ranges::copy(packed, std::ostreambuf_iterator<char>(output));
    if (!output.flush()) {
        throw std::runtime_error("cannot write " + to);
    }
}

std::uint32_t number(const std::string& word) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size()) {
        throw std::runtime_error("no number of bytes: " + word);
    }
    return value;
}

} // namespace

int main(int count, char** arguments) {
    const std::span words(arguments, static_cast<std::size_t>(count));
    try {
        if (words.size() != 4) {
            throw std::runtime_error("pagelab-pack IMAGE CODE_BYTES PACKED");
        }
        pack_file(words[1], number(words[2]), words[3]);
    } catch (const std::exception& error) {
        std::cerr << "pagelab-pack: " << error.what() << '\n';
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

// Runs a fuzzer's target over the files of its corpus and over simple damages of each, without libFuzzer:
// what the default suite does, with any compiler. Usage: fuzz_NAME_corpus FOLDER
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::string& bytes) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

} // namespace

int main(int count, char** arguments) {
    constexpr int kDamages = 300;
    constexpr std::chrono::seconds kLongest{1};
    if (count != 2) {
        std::cerr << "usage: " << arguments[0] << " FOLDER\n";
        return 2;
    }
    std::mt19937 engine{4711}; // NOLINT: the same damages in each run
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(arguments[1])) {
        std::ifstream stream(entry.path(), std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
        run(bytes);
        ++files;
        const auto begun = std::chrono::steady_clock::now();
        const auto passed = [&] { return std::chrono::steady_clock::now() - begun > kLongest; };
        for (int damage = 0; damage < kDamages && !bytes.empty() && !passed(); ++damage) {
            std::string bad = bytes;
            for (std::uint32_t i = 0; i <= engine() % 4; ++i) {
                bad[engine() % bad.size()] = static_cast<char>(engine());
            }
            run(engine() % 4 == 0 ? bad.substr(0, engine() % bad.size()) : bad);
        }
    }
    std::cout << files << " files\n";
    return files > 0 ? 0 : 1;
}

// Seeks the shortest way to write a filtered image. Each way through it, a row of bytes and matches, has a
// price in bits; the cheapest is sought, the codes fitted to it, and with their prices it is sought again.
#pragma once

#include "kernel/packing/filter.hpp"
#include "kernel/packing/prefix_code.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace pagelab::packing {

constexpr std::uint32_t LONGEST_MATCH = 256; // bytes: all lengths are tried, and longer ones save little
constexpr int ROUNDS = 6;

// A byte (length 1) or a match. Distance 0 is the last match's.
struct Token {
    std::uint32_t length = 0;
    std::uint32_t distance = 0;
};

struct Counts {
    std::array<std::uint32_t, MAIN_SYMBOLS> main{};
    std::array<std::uint32_t, DISTANCE_SYMBOLS> distance{};
};

struct Codes {
    Codes() = default;
    explicit Codes(const Counts& counts) : main(counts.main), distance(counts.distance) {}
    PrefixCode<MAIN_SYMBOLS> main;
    PrefixCode<DISTANCE_SYMBOLS> distance;
};

class Packer {
public:
    Packer(const Bytes& image, std::vector<std::uint32_t> ends)
        : image_(image), size_(static_cast<std::uint32_t>(image.size())), ends_(std::move(ends)),
          codes_(ends_.size()), matches_(size_) {
        find_matches();
    }

    // The shortest of all rounds.
    Bytes pack() {
        std::optional<Bytes> best;
        for (int round = 0; round < ROUNDS; ++round) {
            const auto tokens = cheapest();
            fit_codes(tokens);
            auto packed = write(tokens);
            if (!best || packed.size() < best->size()) {
                best = std::move(packed);
            }
        }
        return *best;
    }

private:
    // For each place the nearest match of each length that no nearer one has.
    void find_matches() {
        std::vector<std::uint32_t> last(1U << 16, size_);
        std::vector<std::uint32_t> earlier(size_);
        for (std::uint32_t at = 0; at + 1 < size_; ++at) {
            const std::uint32_t room = room_at(at);
            auto& newest = last[image_[at] | std::uint32_t{image_[at + 1]} << 8];
            std::uint32_t longest = 1;
            for (auto from = newest; from != size_ && longest < room; from = earlier[from]) {
                if (image_[from + longest] == image_[at + longest]) {
                    if (const auto length = common(from, at, room); length > longest) {
                        longest = length;
                        matches_[at].push_back({length, at - from});
                    }
                }
            }
            earlier[at] = std::exchange(newest, at);
        }
    }

    [[nodiscard]] std::uint32_t common(std::uint32_t from, std::uint32_t at, std::uint32_t room) const {
        std::uint32_t length = 0;
        while (length < room && image_[from + length] == image_[at + length]) {
            ++length;
        }
        return length;
    }

    [[nodiscard]] std::size_t block_of(std::uint32_t at) const {
        return static_cast<std::size_t>(std::ranges::upper_bound(ends_, at) - ends_.begin());
    }

    // How long a match may be.
    [[nodiscard]] std::uint32_t room_at(std::uint32_t at) const {
        return std::min(ends_[block_of(at)] - at, LONGEST_MATCH);
    }

    // From the start up: for each place the cheapest way there, and so at the end the cheapest of all.
    [[nodiscard]] std::vector<Token> cheapest() const {
        struct Place {
            std::uint32_t price = std::numeric_limits<std::uint32_t>::max();
            Token token;                     // that leads here
            std::uint32_t last_distance = 0; // of a match on the way
        };
        std::vector<Place> places(size_ + 1);
        places[0].price = 0;
        for (std::uint32_t at = 0; at < size_; ++at) {
            const Place here = places[at];
            const Codes& codes = codes_[block_of(at)];
            const auto lead = [&](Token token, std::uint32_t last_distance, std::uint32_t price) {
                if (Place& there = places[at + token.length]; here.price + price < there.price) {
                    there = {here.price + price, token, last_distance};
                }
            };
            lead({1, 0}, here.last_distance, codes.main.price(image_[at]));
            std::uint32_t length = SHORTEST_MATCH;
            const auto lead_to_all = [&](Token longest, std::uint32_t last_distance) {
                const Slot distance = slot_of(longest.distance);
                const auto fixed = codes.distance.price(distance.symbol) + distance.extra_bits;
                for (; length <= longest.length; ++length) {
                    const Slot slot = slot_of(length - SHORTEST_MATCH);
                    lead({length, longest.distance}, last_distance,
                         fixed + codes.main.price(LITERALS + slot.symbol) + slot.extra_bits);
                }
            };
            if (here.last_distance != 0) {
                lead_to_all({common(at - here.last_distance, at, room_at(at)), 0}, here.last_distance);
            }
            length = SHORTEST_MATCH;
            for (const Token& match : matches_[at]) {
                lead_to_all(match, match.distance);
            }
        }
        std::vector<Token> tokens;
        for (std::uint32_t at = size_; at != 0; at -= tokens.back().length) {
            tokens.push_back(places[at].token);
        }
        std::ranges::reverse(tokens);
        return tokens;
    }

    void fit_codes(const std::vector<Token>& tokens) {
        std::vector<Counts> counts(ends_.size());
        std::uint32_t at = 0;
        for (const Token& token : tokens) {
            Counts& count = counts[block_of(at)];
            if (token.length == 1) {
                ++count.main[image_[at]];
            } else {
                ++count.main[LITERALS + slot_of(token.length - SHORTEST_MATCH).symbol];
                ++count.distance[slot_of(token.distance).symbol];
            }
            at += token.length;
        }
        codes_ = {counts.begin(), counts.end()};
    }

    [[nodiscard]] Bytes write(const std::vector<Token>& tokens) const {
        Bytes packed;
        std::uint64_t pending = 0;
        std::uint32_t pending_bits = 0;
        const auto put = [&](std::uint32_t value, std::uint32_t bits) {
            pending = pending << bits | value;
            for (pending_bits += bits; pending_bits >= 8; pending_bits -= 8) {
                packed.push_back(static_cast<std::uint8_t>(pending >> (pending_bits - 8)));
            }
        };
        const auto put_symbol = [&](const auto& code, std::uint32_t symbol) {
            put(code.code(symbol), code.length(symbol));
        };
        std::uint32_t at = 0;
        std::size_t next_block = 0;
        for (const Token& token : tokens) {
            if (block_of(at) == next_block) {
                put(ends_[next_block] - at, 24);
                for (std::uint32_t symbol = 0; symbol < MAIN_SYMBOLS; ++symbol) {
                    put(codes_[next_block].main.length(symbol), 4);
                }
                for (std::uint32_t symbol = 0; symbol < DISTANCE_SYMBOLS; ++symbol) {
                    put(codes_[next_block].distance.length(symbol), 4);
                }
                ++next_block;
            }
            const Codes& codes = codes_[next_block - 1];
            if (token.length == 1) {
                put_symbol(codes.main, image_[at]);
            } else {
                const Slot length = slot_of(token.length - SHORTEST_MATCH);
                put_symbol(codes.main, LITERALS + length.symbol);
                put(length.extra, length.extra_bits);
                const Slot distance = slot_of(token.distance);
                put_symbol(codes.distance, distance.symbol);
                put(distance.extra, distance.extra_bits);
            }
            at += token.length;
        }
        put(0, 7);
        return packed;
    }

    const Bytes& image_;
    std::uint32_t size_;
    std::vector<std::uint32_t> ends_;
    std::vector<Codes> codes_;
    std::vector<std::vector<Token>> matches_;
};

} // namespace pagelab::packing

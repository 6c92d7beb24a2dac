#include "serial-console/src/recording/bytes.hpp"
#include "serial-console/src/recording/cast.hpp"
#include "serial-console/src/recording/convert.hpp"
#include "serial-console/src/recording/player.hpp"
#include "serial-console/src/recording/report.hpp"

#include "picture_fixture.hpp"
#include "serial-console/src/guest/tables.hpp"
#include "serial-console/src/model/utf8.hpp"
#include "serial-console/src/view/draw.hpp"
#include "serial-console/src/view/twins.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck.h>

#include <sstream>

namespace pagelab::console::recording {
namespace {

using fixture::lab;
using model::Time;
using paging::PhysAddr;

/// The fixture's lab with these words in the table of slot 256.
SharedSnapshot lab_with(const std::vector<std::uint32_t>& entries) {
    return lab(entries);
}

TEST(TablesCodec, ASnapshotComesBackAsItWas) {
    const auto one = lab_with({0x00400007, 0x00401007, 0, 0xdeadbeee});
    const auto two = lab_with({0x00400067, 0x00401007, 0x00500005, 0});
    for (const auto& before : {SharedSnapshot{}, one, two}) {
        for (const auto& now : {one, two}) {
            const auto again = decode_tables(encode_tables(*now, before.get()), before.get());
            ASSERT_TRUE(again);
            EXPECT_TRUE(guest::same_tables(*now, *again));
            EXPECT_EQ(again->lab, now->lab);
            EXPECT_EQ(again->self_map, now->self_map);
        }
    }
}

TEST(TablesCodec, WhatDoesNotChangeCostsAFewBytes) {
    const auto one = lab_with({0x00400007});
    const auto two = lab_with({0x00400007, 0x00401007});
    EXPECT_LT(encode_tables(*one, nullptr).size(), 160u);
    EXPECT_LT(encode_tables(*two, one.get()).size(), 80u);
}

TEST(TablesCodec, AnyWordsComeBack) {
    rc::check([](std::vector<std::uint32_t> before, std::vector<std::uint32_t> now) {
        before.resize(std::min<std::size_t>(before.size(), 1024));
        now.resize(std::min<std::size_t>(now.size(), 1024));
        const auto one = lab_with(before);
        const auto two = lab_with(now);
        const auto again = decode_tables(encode_tables(*two, one.get()), one.get());
        RC_ASSERT(again != nullptr);
        RC_ASSERT(guest::same_tables(*two, *again));
    });
}

TEST(TablesCodec, DamagedBytesGiveASnapshotOrNothing) {
    const auto one = lab_with({0x00400007, 0x00401007, 0, 0xdeadbeee});
    const std::string good = encode_tables(*one, nullptr);
    for (std::size_t length = 0; length < good.size(); ++length) {
        EXPECT_FALSE(decode_tables(std::string_view(good).substr(0, length), nullptr)) << length;
    }
    EXPECT_FALSE(decode_tables(good + '\0', nullptr));
    rc::check([&](std::size_t at, char byte) {
        std::string bad = good;
        bad[at % bad.size()] = byte;
        static_cast<void>(decode_tables(bad, nullptr));
    });
}

TEST(Varints, AnyNumberComesBack) {
    rc::check([](std::uint64_t value, std::int64_t signed_value) {
        std::string bytes;
        put_varint(bytes, value);
        put_varint(bytes, zigzag(signed_value));
        ByteReader from(bytes);
        RC_ASSERT(from.varint() == value);
        RC_ASSERT(unzigzag(from.varint()) == signed_value);
        RC_ASSERT(from.good() && from.empty());
    });
}

/// A session of three seconds: a boot, a mapping, a death.
std::string session() {
    std::string bytes = head();
    put_chunk(bytes, ChunkKind::facts, Time{0}, "name=test\nkernel=0.1.0\n");
    EventWriter writer;
    bytes += writer.write({Time{0}, model::SnapshotMissing{"waiting"}});
    bytes += writer.write({Time{100}, model::SerialReceived{"pagelab> map 0x40000000\r\n"}});
    bytes += writer.write({Time{200}, model::SnapshotTaken{lab_with({})}});
    bytes += writer.write({Time{1000}, model::SnapshotTaken{lab_with({0x00400007})}});
    bytes += writer.write({Time{1500}, model::KeyPressed{model::Key::of(U'x')}});
    bytes += writer.write({Time{2000}, model::RunChanged{model::Run::stopped_by_gdb}});
    bytes += writer.write({Time{3000}, model::GuestDied{{"it died"}, true}});
    return bytes;
}

std::string whole_session() {
    std::string bytes = session();
    put_chunk(bytes, ChunkKind::end, Time{3000}, {});
    return bytes;
}

TEST(Player, EachMomentIsAsItWas) {
    const auto recording = Recording::parse(whole_session());
    ASSERT_TRUE(recording);
    EXPECT_FALSE(recording->cut());
    EXPECT_EQ(recording->length(), Time{3000});
    Player player(*recording, {24, 80});
    player.go_to(Time{0});
    EXPECT_FALSE(player.state().snapshot);
    EXPECT_EQ(player.state().waiting, "waiting");
    player.go_to(Time{1200});
    ASSERT_TRUE(player.state().snapshot);
    EXPECT_EQ(player.state().snapshot->slots[fixture::kUserSlot].present, 1u);
    EXPECT_EQ(player.state().cursor, paging::VirtAddr::from_indices(fixture::kUserSlot, 0));
    player.go_to(Time{3000});
    EXPECT_TRUE(player.at_end());
    EXPECT_TRUE(player.state().death);
    EXPECT_FALSE(player.state().death->can_go_back);
    player.go_to(Time{500});
    EXPECT_FALSE(player.state().death);
    EXPECT_EQ(player.state().snapshot->slots[fixture::kUserSlot].present, 0u);
    EXPECT_EQ(player.state().run, model::Run::unknown);
}

TEST(Player, GoingBackKeepsWhereTheUserLooked) {
    const auto recording = Recording::parse(whole_session());
    Player player(*recording, {24, 80});
    player.go_to(Time{3000});
    player.state().cursor = paging::VirtAddr{0x12345000};
    player.state().follow = false;
    player.state().zoomed = true;
    player.go_to(Time{300});
    EXPECT_EQ(player.state().cursor, paging::VirtAddr{0x12345000});
    EXPECT_TRUE(player.state().zoomed);
}

TEST(Recording, OneThatWasCutIsGoodUpToThere) {
    const std::string bytes = session();
    for (std::size_t length = head().size(); length < bytes.size(); ++length) {
        auto recording = Recording::parse(bytes.substr(0, length));
        ASSERT_TRUE(recording);
        EXPECT_TRUE(recording->cut());
        Player player(*recording, {24, 80});
        player.go_to(recording->length());
        EXPECT_TRUE(player.at_end());
    }
}

TEST(Recording, OtherFilesAndVersionsAreRefusedInASentence) {
    EXPECT_EQ(Recording::parse("hello").error(), "is not a recording of pagelab");
    EXPECT_EQ(Recording::parse(std::string(kMagic)).error(), "is not a recording of pagelab");
    std::string other = head();
    other.back() = 9;
    EXPECT_EQ(Recording::parse(other).error(), "is a recording of version 9; this console reads version 1");
    EXPECT_FALSE(Recording::load("/nonexistent"));
    EXPECT_FALSE(Recording::load("/"));
}

TEST(Recording, UnknownChunksArePassedOver) {
    std::string bytes = head();
    put_chunk(bytes, static_cast<ChunkKind>(200), Time{5}, "from the future");
    put_chunk(bytes, ChunkKind::end, Time{7}, {});
    const auto recording = Recording::parse(bytes);
    ASSERT_TRUE(recording);
    EXPECT_FALSE(recording->cut());
    EXPECT_EQ(recording->length(), Time{7});
}

TEST(Recording, ItsEndCanBeAsked) {
    ask::Subject subject{lab_with({0x00400007}), {{PhysAddr{0}, PhysAddr{0x1000000}}}, ask::LabRecords{}};
    subject.lab->frames.resize(5, interface::FrameRecord{interface::FrameRole::table, 1});
    subject.lab->journal.resize(2);
    subject.lab->journal[1].sequence = 2;
    std::string bytes = session();
    for (const auto& [name, content] : parts_of(subject)) {
        std::string payload;
        put_text(payload, name);
        put_chunk(bytes, ChunkKind::part, Time{3000}, payload + content);
    }
    const auto recording = Recording::parse(bytes);
    const auto again = subject_of(*recording);
    ASSERT_TRUE(again);
    EXPECT_TRUE(guest::same_tables(*again->snapshot, *subject.snapshot));
    EXPECT_EQ(again->ram, subject.ram);
    EXPECT_EQ(again->lab->frames, subject.lab->frames);
    ASSERT_EQ(again->lab->journal.size(), 2u);
    EXPECT_EQ(again->lab->journal[1].sequence, 2u);
    EXPECT_FALSE(subject_of(*Recording::parse(head())));
}

TEST(Recording, ItsContentsAreTold) {
    const std::string told = Recording::parse(whole_session())->contents();
    EXPECT_NE(told.find("name          test\n"), std::string::npos) << told;
    EXPECT_NE(told.find("tables        2 states"), std::string::npos) << told;
    EXPECT_NE(told.find("length        3.0 s\n"), std::string::npos) << told;
}

/// What a terminal shows that was sent `text`: enough of VT100 for what ansi() writes.
std::vector<std::u32string> shown(std::string_view text, int rows, int columns) {
    std::vector<std::u32string> screen(static_cast<std::size_t>(rows),
                                       std::u32string(static_cast<std::size_t>(columns), U' '));
    std::size_t row = 0;
    std::size_t column = 0;
    const std::u32string characters = model::from_utf8(text);
    for (std::size_t i = 0; i < characters.size(); ++i) {
        if (characters[i] != U'\x1b') {
            screen.at(row).at(column++) = characters[i];
            continue;
        }
        std::string sequence;
        for (i += 2; characters[i] < U'@' || characters[i] == U'?'; ++i) {
            sequence.push_back(static_cast<char>(characters[i]));
        }
        if (characters[i] == U'H') {
            std::istringstream numbers(sequence);
            char semicolon = 0;
            numbers >> row >> semicolon >> column;
            --row;
            --column;
        }
    }
    return screen;
}

TEST(Cast, WhatIsSentShowsTheCanvas) {
    const view::Theme theme{view::ColourDepth::many, true};
    const view::Canvas one = view::draw(fixture::state_with(lab_with({})), theme);
    const view::Canvas two = view::draw(fixture::state_with(lab_with({0x00400007, 5, 7})), theme);
    const auto rows = shown(ansi(one, nullptr) + ansi(two, &one), 24, 80);
    for (int row = 0; row < 24; ++row) {
        for (int column = 0; column < 80; ++column) {
            EXPECT_EQ(rows[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)],
                      two.at(row, column).character);
        }
    }
    EXPECT_EQ(ansi(two, &two), "");
}

TEST(Cast, ARecordingBecomesValidAsciicast) {
    std::istringstream lines(to_cast(*Recording::parse(whole_session()), {24, 80}));
    std::string line;
    ASSERT_TRUE(std::getline(lines, line));
    const auto head = nlohmann::json::parse(line);
    EXPECT_EQ(head["version"], 2);
    EXPECT_EQ(head["width"], 80);
    EXPECT_EQ(head["height"], 24);
    double last = 0;
    int count = 0;
    while (std::getline(lines, line)) {
        const auto event = nlohmann::json::parse(line);
        ASSERT_EQ(event.size(), 3u);
        EXPECT_GE(event[0].get<double>(), last);
        last = event[0].get<double>();
        EXPECT_EQ(event[1], "o");
        ++count;
    }
    EXPECT_GT(count, 5);
    EXPECT_DOUBLE_EQ(last, 3.0);
}

TEST(Cast, ARecordingThatClaimsToLastForWeeksIsShort) {
    std::string bytes = session();
    put_chunk(bytes, ChunkKind::end, std::chrono::hours{24 * 30}, {});
    const std::string cast = to_cast(*Recording::parse(bytes), {24, 80});
    EXPECT_LT(std::ranges::count(cast, '\n'), 200);
}

TEST(Report, CommandsAreThoseBehindPrompts) {
    const std::string log = "pagelab 0.1.0\r\npagelab> map 0x40000000\r\nmapped\r\npagelab:1> walk 0\b1\r\n"
                            "pagelab> \r\nnot pagelab> this\r\n";
    EXPECT_EQ(last_commands(log, 10), (std::vector<std::string>{"map 0x40000000", "walk 1"}));
    EXPECT_EQ(last_commands(log, 1), (std::vector<std::string>{"walk 1"}));
}

} // namespace
} // namespace pagelab::console::recording

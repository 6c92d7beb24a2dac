// The JSON of each query holds the keys that docs/records.schema.json lists, and no others.
#include "kernel/shell/table.hpp"
#include "tests/shell/session.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <set>

namespace pagelab::shell::test {
namespace {

using nlohmann::json;

const json& schema() {
    static const json document = json::parse(std::ifstream(RECORDS_SCHEMA));
    return document.at("$defs");
}

/// Parses each line and holds it to the keys of its record.
std::vector<json> records(Session& session, const std::string& line) {
    std::vector<json> result;
    for (const std::string& text : session.run(line)) {
        const json record = json::parse(text, nullptr, false);
        EXPECT_FALSE(record.is_discarded()) << line << ": " << text;
        if (record.is_discarded()) {
            continue;
        }
        const std::string name = record.at("record");
        EXPECT_TRUE(schema().contains(name)) << name;
        std::set<std::string> keys, wanted;
        for (const auto& [key, value] : record.items()) {
            keys.insert(key);
        }
        for (const json& key : schema().at(name).at("required")) {
            wanted.insert(key);
        }
        EXPECT_EQ(keys, wanted) << text;
        EXPECT_EQ(record.at("v"), 1);
        result.push_back(record);
    }
    return result;
}

TEST(Json, OfEachQueryHasItsKeys) {
    const std::vector<std::pair<std::string, std::string>> queries = {
        {"walk 0x40000000 --json", "walk"},
        {"walk 0x123 --json", "walk"},
        {"maps --json", "region"},
        {"split 768:1:2 --json", "split"},
        {"window 0 --json", "window"},
        {"decode pde 0x004000e3 --json", "entry"},
        {"decode 0 --json", "entry"},
        {"dumppd --json", "slot"},
        {"dumppt 256 --json", "slot"},
        {"find p:0x00105000 --json", "alias"},
        {"check --cr3 p:0x00900000 --json", "finding"},
        {"fault 0 2 --json", "fault"},
        {"touch 0 w --json", "probe"},
        {"probe 0 --json", "probe"},
        {"stale 0 --json", "stale"},
        {"touch 0xc0101000 r --json", "probe"},
        {"log 100 --json", "event"},
        {"frames --json", "frames"},
        {"quiz --json", "question"},
        {"space --json", "space"},
        {"space list --json", "space"},
        {"diff --json", "change"},
        {"strategy bench 64 --json", "bench"},
        {"quiz 5 --json", "question"},
        {"regs --json", "regs"},
        {"peek 0xc0200000 5 --json", "memory"},
        {"peek b p:0x00200000 5 --json", "memory"}};
    std::set<std::string> covered;
    for (const auto& [line, name] : queries) {
        Session session;
        session.run("checkpoint; map 0x40000000; flush; poke 0x40000000 1");
        session.run("peek 0x123");
        const auto answer = records(session, line);
        EXPECT_FALSE(answer.empty()) << line;
        for (const json& record : answer) {
            EXPECT_EQ(record.at("record"), name) << line;
        }
        covered.insert(line.substr(0, line.find(' ')));
    }
    for (const Command& command : commands()) {
        if (command.kind == Kind::query) {
            EXPECT_TRUE(covered.contains(std::string{command.name})) << command.name << " has no JSON test";
        }
    }
}

TEST(Json, StandsBeforeOrAfterTheArguments) {
    Session session;
    EXPECT_EQ(session.run("walk --json 0xc0100000"), session.run("walk 0xc0100000 --json"));
}

TEST(Json, OfMemoryTellsWhichAddressAndWidth) {
    Session session;
    session.machine.ram(0x00200000) = 0x12345678;
    const auto virtual_record = records(session, "peek h 0xc0200000 2 --json").at(0);
    EXPECT_EQ(virtual_record.at("va"), "0xc0200000");
    EXPECT_EQ(virtual_record.at("pa"), nullptr);
    EXPECT_EQ(virtual_record.at("unit"), 2);
    EXPECT_EQ(virtual_record.at("values"), (json{"0x5678", "0x1234"}));
    EXPECT_EQ(records(session, "peek p:0x00200000 --json").at(0).at("pa"), "0x00200000");
    EXPECT_EQ(records(session, "peek 0xc0200000 130 --json").size(), 3u) << "64 values in a record";
}

TEST(Json, OfAProbeTellsCodes) {
    Session session;
    const auto fault = records(session, "touch 0 w user --json").at(0);
    EXPECT_EQ(fault.at("predicted"), "fault");
    EXPECT_EQ(fault.at("code"), "0x6");
    EXPECT_EQ(fault.at("cpu_code"), "0x6");
    EXPECT_EQ(fault.at("agree"), true);
    const auto allowed = records(session, "touch 0xc0101000 r --json").at(0);
    EXPECT_EQ(allowed.at("code"), nullptr);
}

TEST(Json, OfErrorsEscapesWhatWasTyped) {
    Session session;
    const auto error = records(session, "walk \"\\ --json").at(0);
    EXPECT_EQ(error.at("record"), "error");
    EXPECT_EQ(error.at("text"), "'\"\\' is not an address; write 0xc0100000, 768:256 or a kernel symbol");
}

TEST(Json, OfTheJournalFollowsTheRecords) {
    Session session;
    session.run("map 0x40000000");
    session.run("peek 0x123");
    bool fault = false;
    for (const json& event : records(session, "log --json")) {
        if (event.at("kind") == "fault") {
            fault = true;
            EXPECT_EQ(event.at("va"), "0x00000123");
            EXPECT_EQ(event.at("old"), "0xc0102345") << "EIP";
            EXPECT_EQ(event.at("new"), "0x000e0000") << "vector and code";
        }
    }
    EXPECT_TRUE(fault);
}

TEST(Json, OfATimedQueryStaysOneRecordPerLine) {
    Session session;
    const auto answer = records(session, "time walk 0 --json");
    ASSERT_EQ(answer.size(), 2u);
    EXPECT_EQ(answer[1].at("record"), "time");
    EXPECT_EQ(answer[1].at("ticks"), 1000);
}

} // namespace
} // namespace pagelab::shell::test

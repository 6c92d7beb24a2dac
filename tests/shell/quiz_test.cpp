// Questions: the same for the same seed, answered right and wrong in every kind, by what the core says.
#include "kernel/shell/quiz.hpp"
#include "tests/shell/session.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace pagelab::shell::test {
namespace {

using interface::Status;

std::string spelled(const Question& question, const Answer& answer) {
    Text<40> text;
    const auto value = static_cast<std::uint32_t>(answer.value);
    switch (question.kind) {
    case QuestionKind::translate:
        answer.none ? print(text, "none") : print(text, PhysAddr{answer.value});
        break;
    case QuestionKind::alias:
        answer.none ? print(text, "none") : print(text, Hex{value});
        break;
    case QuestionKind::split: {
        const VirtAddr va{value};
        print(text, Decimal{va.directory_index()}, ":", Decimal{va.table_index()}, ":",
              Hex{va.page_offset(), 3});
        break;
    }
    case QuestionKind::access:
        answer.none ? print(text, "allowed") : print(text, Hex{value, 1});
        break;
    default:
        print(text, Hex{value});
    }
    return std::string{text.view()};
}

Answer wrong_answer(const Question& question) {
    Answer answer = right_answer(question);
    if (answer.none) {
        return {.value = 5};
    }
    answer.value ^= 4;
    return answer;
}

/// What the shell says to one answer; `lines` is the whole.
std::string first_line(Session& session, const std::string& line) {
    const auto lines = session.run(line);
    return lines.empty() ? "" : lines.front();
}

TEST(Quiz, SixInARowAreOfSixKinds) {
    for (const std::uint32_t seed : {0u, 1u, 2u, 77u, 0xfffffffeu, 0xffffffffu}) {
        std::set<QuestionKind> kinds;
        for (std::uint32_t number = 1; number <= 6; ++number) {
            kinds.insert(make_question(seed, number).kind);
        }
        EXPECT_EQ(kinds.size(), 6u) << seed;
    }
}

TEST(Quiz, TheSameSeedAsksTheSameQuestions) {
    Session one, other;
    std::string first, second;
    one.run("quiz 3; quiz; answer 0");
    for (const char* line : {"quiz 42", "quiz", "quiz", "quiz", "quiz", "quiz"}) {
        first += one.text(line);
        second += other.text(line);
    }
    EXPECT_EQ(first, second);
    EXPECT_NE(one.text("quiz 43"), one.text("quiz 42"));
    EXPECT_EQ(Session{}.text("quiz"), Session{}.text("quiz 1"));
}

TEST(Quiz, EachKindIsAnsweredWrongThenRight) {
    std::set<std::string> seen;
    for (std::uint32_t seed = 1; seed <= 60; ++seed) {
        Session session;
        session.run("quiz " + std::to_string(seed));
        for (std::uint32_t number = 1; number <= 6; ++number) {
            const Question question = make_question(seed, number);
            const std::string wrong = spelled(question, wrong_answer(question));
            const std::string right = spelled(question, right_answer(question));
            const std::string hint = first_line(session, "answer " + wrong);
            EXPECT_TRUE(hint.starts_with("wrong: ") && hint.ends_with("; try again"))
                << wrong << ": " << hint;
            EXPECT_EQ(hint.find(right + " "), std::string::npos) << "gives it away: " << hint;
            EXPECT_EQ(session.status(), Status::ok);
            const auto lines = session.run("answer " + right);
            ASSERT_GE(lines.size(), 2u) << right;
            EXPECT_EQ(lines[0], "right") << right;
            EXPECT_EQ(first_line(session, "answer " + right), "error: no question is open; quiz asks one");
            seen.insert(std::string{kQuestionKinds[static_cast<std::size_t>(question.kind)]} +
                        (right_answer(question).none ? " none" : " some"));
            session.run("quiz");
        }
    }
    EXPECT_EQ(seen,
              (std::set<std::string>{"access none", "access some", "alias none", "alias some", "entry some",
                                     "split some", "translate none", "translate some", "window some"}));
}

/// The first question of a kind that `wanted` takes, asked.
template <class Wanted>
Question ask(Session& session, QuestionKind kind, Wanted wanted) {
    for (std::uint32_t seed = 1;; ++seed) {
        const Question question = make_question(seed, 1);
        if (question.kind == kind && wanted(question)) {
            session.run("quiz " + std::to_string(seed));
            return question;
        }
    }
}

const auto kAny = [](const Question&) { return true; };

// The right answers once more by bare arithmetic, without the core.
RC_GTEST_PROP(QuizAnswers, AreThoseOfBareArithmetic, (std::uint32_t seed)) {
    for (std::uint32_t number = 1; number <= 6; ++number) {
        const Question q = make_question(seed, number);
        const Answer right = right_answer(q);
        const std::uint32_t va = q.va.raw();
        const bool large = (q.pde & 0x80) != 0;
        const bool present = (q.pde & 1) != 0 && (large || (q.pte & 1) != 0);
        switch (q.kind) {
        case QuestionKind::translate:
            RC_ASSERT(right.none == !present);
            RC_ASSERT(right.none || right.value == (large ? (q.pde & 0xffc00000) | (va & 0x3fffff)
                                                          : (q.pte & 0xfffff000) | (va & 0xfff)));
            break;
        case QuestionKind::window:
            RC_ASSERT(right.value ==
                      (q.slot << 22) + (q.directory ? (q.slot << 12) + (va >> 22) * 4 : (va >> 12) * 4));
            break;
        case QuestionKind::split:
            RC_ASSERT(right.value == va && (va & 0xfff) != 0);
            break;
        case QuestionKind::entry:
            RC_ASSERT(right.value == (q.directory ? q.pde : q.pte));
            RC_ASSERT((right.value & 0xf79) == (q.directory && large ? 0x01u : 0x01u));
            break;
        case QuestionKind::access: {
            const std::uint32_t both = q.pde & q.pte;
            const bool write = q.access.kind == paging::AccessKind::write;
            const bool denied = (q.access.user && (both & 4) == 0) ||
                                (write && (both & 2) == 0 && (q.access.user || q.write_protect));
            const std::uint32_t code = (write ? 2u : 0u) | (q.access.user ? 4u : 0u) | (present ? 1u : 0u);
            RC_ASSERT(right.none == (present && !denied));
            RC_ASSERT(right.none || right.value == code);
            break;
        }
        case QuestionKind::alias: {
            std::vector<std::uint32_t> same;
            std::uint32_t asked = 0;
            for (const auto& [index, raw] : q.table) {
                (va >> 12 & 0x3ff) == index ? void(asked = raw) : void();
            }
            for (const auto& [index, raw] : q.table) {
                if ((raw & 1) != 0 && (raw & 0xfffff000) == (asked & 0xfffff000)) {
                    same.push_back((va & 0xffc00000) | index << 12 | (va & 0xfff));
                }
            }
            RC_ASSERT((asked & 1) == 1u);
            RC_ASSERT(same.size() == (right.none ? 1u : 2u));
            RC_ASSERT(std::count(same.begin(), same.end(), va) == 1);
            RC_ASSERT(right.none ||
                      (right.value != va && std::count(same.begin(), same.end(), right.value) == 1));
            break;
        }
        }
    }
}

TEST(Quiz, AWrongTranslationSaysWhichPart) {
    Session session;
    const Question small = ask(session, QuestionKind::translate, [](const Question& q) {
        return !right_answer(q).none && q.walk().page_size == 4096;
    });
    Answer off = right_answer(small);
    off.value ^= 8;
    EXPECT_EQ(first_line(session, "answer " + spelled(small, off)),
              "wrong: the low 12 bits of the address go over as they are; try again");
    off = right_answer(small);
    off.value ^= 0x1000;
    EXPECT_EQ(first_line(session, "answer " + spelled(small, off)),
              "wrong: the frame is in bits 31:12 of the PTE; try again");
    EXPECT_EQ(first_line(session, "answer none"),
              "wrong: every entry of this walk has P (bit 0) set; try again");
    const Question large = ask(session, QuestionKind::translate, [](const Question& q) {
        return !right_answer(q).none && q.walk().page_size != 4096;
    });
    off = right_answer(large);
    off.value ^= 1u << 20;
    EXPECT_EQ(first_line(session, "answer " + spelled(large, off)),
              "wrong: PS (bit 7) is set, it is a 4 MiB page: the low 22 bits of the address go over as they "
              "are; try again");
    ask(session, QuestionKind::translate, [](const Question& q) { return right_answer(q).none; });
    EXPECT_EQ(first_line(session, "answer 0x1000"),
              "wrong: an entry with P (bit 0) clear leads nowhere; try again");
}

TEST(Quiz, AWrongWindowSaysWhatIsThere) {
    Session session;
    const Question q = ask(session, QuestionKind::window, [](const Question& w) {
        return !w.directory && w.slot == 1023 && w.va.directory_index() != 1023;
    });
    const VirtAddr pde = paging::pde_window(1023, q.va);
    Text<120> expected;
    print(expected, "wrong: ", pde, " shows PDE ", Decimal{q.va.directory_index()},
          "; PTEs stand at slot:PDI:PTI*4; try again");
    EXPECT_EQ(first_line(session, "answer " + std::to_string(pde.raw())), expected.view());
    EXPECT_EQ(first_line(session, "answer 0x1000"),
              "wrong: 0x00001000 lies outside slot 1023; PTEs stand at slot:PDI:PTI*4; try again");
}

TEST(Quiz, AWrongSplitNamesTheFields) {
    Session session;
    const Question q = ask(session, QuestionKind::split, kAny);
    const VirtAddr other{q.va.raw() ^ 0x00400001};
    EXPECT_EQ(first_line(session, "answer " + spelled(q, {.value = other.raw()})),
              "wrong: the directory index is bits 31:22, the offset is bits 11:0; try again");
}

TEST(Quiz, AnEntryIsTakenAsANumberOrInWords) {
    Session session;
    const Question q =
        ask(session, QuestionKind::entry, [](const Question& e) { return !e.directory && (e.pte & 6) == 6; });
    Text<60> words;
    print(words, PhysAddr{q.pte & 0xfffff000u}, "|P|RW");
    EXPECT_EQ(first_line(session, "answer " + std::string{words.view()}),
              "wrong: look again at US; try again");
    EXPECT_EQ(first_line(session, "answer " + spelled(q, {.value = q.pte ^ 0x1001})),
              "wrong: look again at P; the address is in bits 31:12, the low 12 bits are flags; try again");
    EXPECT_EQ(first_line(session, "answer " + std::string{words.view()} + "|US"), "right");
}

TEST(Quiz, AWrongAliasSaysWhatIsThere) {
    Session session;
    const Question q = ask(session, QuestionKind::alias, [](const Question& a) {
        return !right_answer(a).none && std::all_of(a.table.begin(), a.table.end(),
                                                    [](const auto& entry) { return (entry.raw & 1) != 0; });
    });
    const auto right = static_cast<std::uint32_t>(right_answer(q).value);
    const auto answer = [&](std::uint32_t va) { return first_line(session, "answer " + std::to_string(va)); };
    const auto spelled_va = [](std::uint32_t va) { return spelled(Question{}, {.value = va}).substr(2); };
    EXPECT_EQ(answer(q.va.raw()),
              "wrong: " + spelled_va(q.va.raw()) + " is on the page that is asked about; try again");
    EXPECT_EQ(answer(right ^ 0x80000000),
              "wrong: " + spelled_va(right ^ 0x80000000) + " is on no page that is shown; try again");
    EXPECT_EQ(answer(right ^ 1), "wrong: the low 12 bits of the address go over as they are; try again");
    for (const auto& [index, raw] : q.table) {
        const std::uint32_t va = (q.va.raw() & 0xffc00000) | index << 12;
        if ((va ^ q.va.raw()) >> 12 != 0 && (va ^ right) >> 12 != 0) {
            EXPECT_EQ(answer(va), "wrong: entry " + std::to_string(index) +
                                      " leads to another frame: compare bits 31:12; try again");
        }
    }
    EXPECT_EQ(first_line(session, "answer none"),
              "wrong: two entries have the same frame in bits 31:12, and both have P (bit 0) set; try again");
    EXPECT_EQ(first_line(session, "answer p:0x1000").substr(0, 7), "error: ");
    const auto lines = session.run("answer " + std::to_string(right));
    ASSERT_EQ(lines.size(), 5u);
    EXPECT_EQ(lines[0], "right");
    EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                            [&](const std::string& line) {
                                Text<24> page;
                                print(page, "page ", PhysAddr{q.pte & 0xfffff000u});
                                return line.find(page.view()) != line.npos;
                            }),
              2);

    const Question gone =
        ask(session, QuestionKind::alias, [](const Question& a) { return right_answer(a).none; });
    for (const auto& [index, raw] : gone.table) {
        if ((raw & 1) == 0) {
            EXPECT_EQ(answer((gone.va.raw() & 0xffc00000) | index << 12),
                      "wrong: entry " + std::to_string(index) + " has P (bit 0) clear; try again");
        }
    }
    EXPECT_EQ(first_line(session, "answer none"), "right");
}

TEST(Quiz, AWrongPredictionSaysWhatTheCodeSays) {
    Session session;
    const Question denied = ask(session, QuestionKind::access,
                                [](const Question& q) { return right_answer(q) == Answer{.value = 7}; });
    (void)denied;
    EXPECT_EQ(first_line(session, "answer 0x2"),
              "wrong: 0x2 says not present, write, kernel; bits: 1 present but not allowed, 2 write, 4 user; "
              "try again");
    EXPECT_EQ(first_line(session, "answer allowed"),
              "wrong: every level needs P, for user code US, for a write RW (for the kernel's if CR0.WP = "
              "1); try again");
    EXPECT_EQ(first_line(session, "answer 7"), "right");
    ask(session, QuestionKind::access, [](const Question& q) { return right_answer(q).none; });
    EXPECT_EQ(first_line(session, "answer 7"),
              "wrong: the tables allow it: all levels together give the right; try again");
}

TEST(Quiz, WhatIsNoAnswerIsAnErrorAndLeavesTheQuestionOpen) {
    const std::vector<std::tuple<QuestionKind, std::string, std::string>> errors = {
        {QuestionKind::translate, "banana", "'banana' is not a physical address; write p:0x00101000"},
        {QuestionKind::translate, "p:0x10000000000",
         "'p:0x10000000000' is beyond the last physical address, p:0xffffffffff"},
        {QuestionKind::window, "4G", "'4G' is beyond the last virtual address, 0xffffffff"},
        {QuestionKind::split, "0x1234", "'0x1234' is not split; write PDI:PTI:OFFSET, as 768:256:0x234"},
        {QuestionKind::split, "1024:0:0",
         "'1024:0:0' is not an address: the directory index 1024 is beyond 1023"},
        {QuestionKind::entry, "p:0x00001001|P",
         "p:0x00001001 is not aligned to 4 KiB; did you mean p:0x00001000?"},
        {QuestionKind::alias, "banana",
         "'banana' is not an address; write 0xc0100000, 768:256 or a kernel symbol"},
        {QuestionKind::access, "32", "'32' is no answer: write allowed, or an error code from 0 to 31"},
        {QuestionKind::access, "none", "'none' is no answer: write allowed, or an error code from 0 to 31"}};
    for (const auto& [kind, token, text] : errors) {
        Session session;
        const Question question = ask(session, kind, kAny);
        EXPECT_EQ(first_line(session, "answer " + token), "error: " + text);
        EXPECT_EQ(session.status(), Status::error);
        EXPECT_EQ(first_line(session, "answer " + spelled(question, right_answer(question))), "right");
    }
}

TEST(Quiz, ArgumentsThatAreWrong) {
    const std::vector<std::pair<std::string, std::string>> errors = {
        {"answer 0", "no question is open; quiz asks one"},
        {"answer", "answer needs arguments; usage: answer VALUE"},
        {"answer 1 2", "'2' is one argument too many; usage: answer VALUE"},
        {"quiz 1 2", "'2' is one argument too many; usage: quiz [SEED] [--json]"},
        {"quiz banana", "'banana' is no seed: write a number from 0 to 4294967295"},
        {"quiz -1", "'-1' is no seed: write a number from 0 to 4294967295"},
        {"quiz 4294967296", "'4294967296' is no seed: write a number from 0 to 4294967295"}};
    for (const auto& [line, text] : errors) {
        Session session;
        EXPECT_EQ(session.run(line), std::vector<std::string>{"error: " + text});
        EXPECT_EQ(session.status(), Status::error) << line;
    }
    Session session;
    session.run("quiz 4294967295; quiz 0");
    EXPECT_EQ(session.status(), Status::ok);
}

TEST(Quiz, ASeedThatIsNoneLeavesTheQuestionOpen) {
    Session session;
    session.run("quiz 9");
    session.run("quiz banana");
    const Question question = make_question(9, 1);
    EXPECT_EQ(first_line(session, "answer " + spelled(question, right_answer(question))), "right");
}

TEST(Quiz, LinesFitATerminal) {
    Session session;
    for (int i = 0; i < 100; ++i) {
        for (const std::string& line : session.run("quiz")) {
            EXPECT_LE(line.size(), 110u) << line;
        }
    }
}

} // namespace
} // namespace pagelab::shell::test

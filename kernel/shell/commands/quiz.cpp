// quiz answer: questions about paging, and what is right or wrong about an answer.
#include "kernel/shell/commands/handlers.hpp"

namespace pagelab::shell::handlers {

Status quiz(Invocation& invocation) {
    Quiz& quiz = invocation.teaching.quiz;
    if (invocation.args.count != 0) {
        constexpr std::uint32_t kLast = 0xffffffff;
        const auto seed = read_number(invocation.args[0]);
        if (!seed || *seed > kLast) {
            return invocation.fail("'{}' is no seed: write a number from 0 to {}", invocation.args[0],
                                   Decimal{kLast});
        }
        quiz = {.seed = static_cast<std::uint32_t>(*seed)};
    }
    ++quiz.number;
    quiz.open = true;
    const Question question = make_question(quiz.seed, quiz.number);
    const char* kind = kQuestionKinds[static_cast<std::size_t>(question.kind)];
    Output& out = invocation.out;
    if (!invocation.flags.json) {
        say(out, "question {} of seed {}: {}\n", Decimal{quiz.number}, Decimal{quiz.seed}, kind);
        put_question(out, question, "\n");
        say(out, "\n");
        return Status::ok;
    }
    say(out, "{\"record\":\"question\",\"v\":1,\"seed\":{},\"number\":{},\"kind\":\"{}\",\"text\":\"",
        Decimal{quiz.seed}, Decimal{quiz.number}, kind);
    put_question(out, question, " ");
    say(out, "\"}\n");
    return Status::ok;
}

Status answer(Invocation& invocation) {
    Quiz& quiz = invocation.teaching.quiz;
    if (!quiz.open) {
        return invocation.fail("no question is open; quiz asks one");
    }
    const Question question = make_question(quiz.seed, quiz.number);
    const auto given = parse_answer(question, invocation.args[0], invocation.machine);
    if (!given) {
        return invocation.error(given.error());
    }
    if (given->none == right_answer(question).none &&
        (given->none || given->value == right_answer(question).value)) {
        quiz.open = false;
        say(invocation.out, "right\n");
        put_reason(invocation.out, question);
        return Status::ok;
    }
    // No error: a wrong answer is an answer.
    say(invocation.out, "wrong: ");
    put_hint(invocation.out, question, *given);
    say(invocation.out, "; try again\n");
    return Status::ok;
}

} // namespace pagelab::shell::handlers

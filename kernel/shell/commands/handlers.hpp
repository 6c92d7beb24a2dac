// The handlers of all commands, by family; each file of this folder holds one family.
// For the table alone.
#pragma once

#include "kernel/shell/command.hpp"

namespace pagelab::shell::handlers {

// translate.cpp
Status walk(Invocation& invocation);
Status split(Invocation& invocation);
Status window(Invocation& invocation);
Status maps(Invocation& invocation);
Status find(Invocation& invocation);
Status decode(Invocation& invocation);

// dump.cpp
Status dumppd(Invocation& invocation);
Status dumppt(Invocation& invocation);

// check.cpp
Status check(Invocation& invocation);

// change.cpp
Status map(Invocation& invocation);
Status unmap(Invocation& invocation);
Status protect(Invocation& invocation);
Status setpde(Invocation& invocation);
Status setpte(Invocation& invocation);

// memory.cpp
Status peek(Invocation& invocation);
Status poke(Invocation& invocation);
Status fill(Invocation& invocation);

// frames.cpp
Status frames(Invocation& invocation);
Status alloc(Invocation& invocation);
Status free(Invocation& invocation);

// access.cpp
Status fault(Invocation& invocation);

// probe.cpp
Status touch(Invocation& invocation);
Status probe(Invocation& invocation);
Status stale(Invocation& invocation);

// tlb.cpp
Status invlpg(Invocation& invocation);
Status flush(Invocation& invocation);

// space.cpp
Status space(Invocation& invocation);

// strategy.cpp
Status strategy(Invocation& invocation);

// history.cpp
Status log(Invocation& invocation);
Status undo(Invocation& invocation);
Status checkpoint(Invocation& invocation);
Status restore(Invocation& invocation);

// diff.cpp
Status diff(Invocation& invocation);

// torture.cpp
Status torture(Invocation& invocation);

// tiny.cpp
Status tiny(Invocation& invocation);

// quiz.cpp
Status quiz(Invocation& invocation);
Status answer(Invocation& invocation);

// call.cpp
Status call(Invocation& invocation);

// crash.cpp
Status crash(Invocation& invocation);

// demo.cpp
Status demo(Invocation& invocation);

// system.cpp
Status echo(Invocation& invocation);
Status regs(Invocation& invocation);
Status cr0(Invocation& invocation);
Status cr4(Invocation& invocation);
Status history(Invocation& invocation);
Status halt(Invocation& invocation);
Status reboot(Invocation& invocation);

// help.cpp
Status help(Invocation& invocation);

// selftest.cpp
Status selftest(Invocation& invocation);

} // namespace pagelab::shell::handlers

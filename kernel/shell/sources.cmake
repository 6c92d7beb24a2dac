# The shell's sources, for the kernel and for the host's tests: one list for both.
set(PAGELAB_SHELL_SOURCES
  ${CMAKE_CURRENT_LIST_DIR}/../selftest/invariants.cpp
  ${CMAKE_CURRENT_LIST_DIR}/../selftest/matrix.cpp
  ${CMAKE_CURRENT_LIST_DIR}/../selftest/tlb.cpp
  ${CMAKE_CURRENT_LIST_DIR}/arguments.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/access.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/call.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/change.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/check.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/crash.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/demo.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/diff.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/dump.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/frames.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/help.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/history.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/memory.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/place_access.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/probe.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/quiz.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/refusals.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/selftest.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/space.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/strategy.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/system.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/tiny.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/tlb.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/torture.cpp
  ${CMAKE_CURRENT_LIST_DIR}/commands/translate.cpp
  ${CMAKE_CURRENT_LIST_DIR}/completion.cpp
  ${CMAKE_CURRENT_LIST_DIR}/demo.cpp
  ${CMAKE_CURRENT_LIST_DIR}/demos.cpp
  ${CMAKE_CURRENT_LIST_DIR}/dispatch.cpp
  ${CMAKE_CURRENT_LIST_DIR}/entry_value.cpp
  ${CMAKE_CURRENT_LIST_DIR}/fault_report.cpp
  ${CMAKE_CURRENT_LIST_DIR}/history.cpp
  ${CMAKE_CURRENT_LIST_DIR}/journal_since.cpp
  ${CMAKE_CURRENT_LIST_DIR}/line_editor.cpp
  ${CMAKE_CURRENT_LIST_DIR}/numbers.cpp
  ${CMAKE_CURRENT_LIST_DIR}/print.cpp
  ${CMAKE_CURRENT_LIST_DIR}/problem.cpp
  ${CMAKE_CURRENT_LIST_DIR}/quiz.cpp
  ${CMAKE_CURRENT_LIST_DIR}/ranges.cpp
  ${CMAKE_CURRENT_LIST_DIR}/rescue_report.cpp
  ${CMAKE_CURRENT_LIST_DIR}/rights.cpp
  ${CMAKE_CURRENT_LIST_DIR}/shell.cpp
  ${CMAKE_CURRENT_LIST_DIR}/synonyms.cpp
  ${CMAKE_CURRENT_LIST_DIR}/table.cpp
  ${CMAKE_CURRENT_LIST_DIR}/tiny_computer.cpp
  ${CMAKE_CURRENT_LIST_DIR}/topics.cpp
  ${CMAKE_CURRENT_LIST_DIR}/torture.cpp
  ${CMAKE_CURRENT_LIST_DIR}/torture_commands.cpp
  ${CMAKE_CURRENT_LIST_DIR}/walk_now.cpp)
# What the kernel compiles these files with, after its own options: the words of forty commands are most of
# its bytes, and nothing here is hot.
# What makes this code smaller: structs are not taken apart (SRA makes copies of functions, and more variables
# than registers), next to nothing is inlined (big functions have their variables far off), and no register
# is spent on frames.
set(PAGELAB_SHELL_KERNEL_OPTIONS -Oz --param=max-inline-insns-size=2 --param=early-inlining-insns=12
  -fno-inline-functions-called-once -fno-tree-sra -fno-ipa-sra -fomit-frame-pointer)

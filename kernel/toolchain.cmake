# Where the standard headers of a 64-bit host lie, for a compiler that is asked for 32 bits.
#
# Without the package g++-multilib, `g++ -m32` looks for the target-dependent headers in directories that
# do not exist. The 64-bit ones serve: nothing in the freestanding headers depends on the word size but
# through predefined macros. The compiler itself is asked where they are, so no version is written down.

# pagelab_find_kernel_headers(OUT): the -isystem options that make C++'s headers work with -m32.
function(pagelab_find_kernel_headers out)
  execute_process(
    COMMAND ${CMAKE_CXX_COMPILER} -E -v -x c++ /dev/null
    OUTPUT_QUIET ERROR_VARIABLE report RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "${CMAKE_CXX_COMPILER} does not tell its include directories:\n${report}")
  endif()
  string(REGEX MATCH "#include <\\.\\.\\.>[^\n]*\n(.*)\nEnd of search list" found "${report}")
  string(REPLACE "\n" ";" directories "${CMAKE_MATCH_1}")
  set(options "")
  foreach(directory IN LISTS directories)
    string(STRIP "${directory}" directory)
    if(EXISTS "${directory}/bits/c++config.h" OR EXISTS "${directory}/bits/wordsize.h")
      list(APPEND options "SHELL:-isystem \"${directory}\"")
    endif()
  endforeach()
  if(NOT options)
    message(FATAL_ERROR "no C++ headers found in the directories of ${CMAKE_CXX_COMPILER}")
  endif()
  # glibc's <features.h> includes a list of its unimplemented functions, which only the 32-bit package
  # holds. None is called here: an empty list is right.
  set(stubs "${CMAKE_CURRENT_BINARY_DIR}/include")
  file(WRITE "${stubs}/gnu/stubs-32.h" "")
  list(APPEND options "SHELL:-idirafter \"${stubs}\"")
  set(${out} "${options}" PARENT_SCOPE)
endfunction()

# What looks at a guest from outside and tells: the verbs, and guests of other people's QEMUs.
add_library(pagelab_ask STATIC
  src/ask/arguments.cpp
  src/ask/numbers.cpp
  src/ask/verbs.cpp)
target_link_libraries(pagelab_ask PUBLIC pagelab_picture PRIVATE pagelab_host_flags fmt::fmt)

add_library(pagelab_outside STATIC
  src/guest/foreign.cpp
  src/guest/lab_records.cpp
  src/guest/memory_map.cpp
  src/guest/monitor_memory.cpp
  src/guest/ram_file.cpp
  src/guest/subjects.cpp)
target_link_libraries(pagelab_outside PUBLIC pagelab_ask pagelab_machine PRIVATE pagelab_host_flags fmt::fmt)

# What looks at a guest from outside and tells: the verbs, and guests of other people's QEMUs.
add_library(pagelab_ask STATIC
  src/ask/arguments.cpp
  src/ask/numbers.cpp
  src/ask/verbs.cpp)
target_link_libraries(pagelab_ask PUBLIC pagelab_picture PRIVATE pagelab_host_flags fmt::fmt)

# Pictures for slides and sheets. Pure.
add_library(pagelab_drawings STATIC
  src/picture/address_space_svg.cpp
  src/picture/facts.cpp
  src/picture/pictures_text.cpp
  src/picture/svg.cpp
  src/picture/walk_svg.cpp)
target_link_libraries(pagelab_drawings PUBLIC pagelab_ask PRIVATE pagelab_host_flags fmt::fmt)

add_library(pagelab_outside STATIC
  src/guest/foreign.cpp
  src/guest/lab_records.cpp
  src/guest/memory_map.cpp
  src/guest/monitor_memory.cpp
  src/guest/ram_file.cpp
  src/guest/subjects.cpp)
target_link_libraries(pagelab_outside PUBLIC pagelab_ask pagelab_drawings pagelab_machine PRIVATE pagelab_host_flags fmt::fmt)

# Recordings of sessions: what happened to the picture, written and read again.
add_library(pagelab_recording STATIC
  src/recording/cast.cpp
  src/recording/convert.cpp
  src/recording/events.cpp
  src/recording/format.cpp
  src/recording/player.cpp
  src/recording/recorder.cpp
  src/recording/report.cpp
  src/recording/tables_codec.cpp
  src/recording/taps.cpp)
target_link_libraries(pagelab_recording PUBLIC pagelab_outside PRIVATE pagelab_host_flags fmt::fmt)

# The tests of what looks at a guest from outside: pure parts; whole guests are in tests/system.
pagelab_test(outside_test
  SOURCES guest_memory_map_test.cpp guest_lab_records_test.cpp pictures_test.cpp recording_test.cpp
  LINK pagelab_recording fmt::fmt rapidcheck)

# The tests of the live picture without a terminal: model, view, guest.
find_package(fmt REQUIRED)
pagelab_test(test_picture
  SOURCES test_guest_capture.cpp test_model_keys.cpp test_model_tables.cpp test_model_views.cpp test_model_vt_screen.cpp test_view_screens.cpp
  LINK pagelab_picture fmt::fmt rapidcheck)
target_compile_definitions(test_picture PRIVATE PAGELAB_GOLDEN="${CMAKE_SOURCE_DIR}/tests/golden/console")

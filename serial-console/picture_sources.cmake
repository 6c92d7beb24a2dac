# The live picture. pagelab_picture is pure but for guest/, which maps the guest's RAM; it needs no terminal.
add_library(pagelab_picture STATIC
  src/guest/capture.cpp
  src/guest/serial_log.cpp
  src/guest/still.cpp
  src/guest/tables.cpp
  src/model/address_input.cpp
  src/model/key.cpp
  src/model/copy.cpp
  src/model/keys.cpp
  src/model/layout.cpp
  src/model/picture_keys.cpp
  src/model/questions.cpp
  src/model/regions.cpp
  src/model/search.cpp
  src/model/snapshot.cpp
  src/model/table_digest.cpp
  src/model/texts.cpp
  src/model/update.cpp
  src/model/utf8.cpp
  src/model/vt_screen.cpp
  src/model/wrap.cpp
  src/view/bars_view.cpp
  src/view/cell.cpp
  src/view/draw.cpp
  src/view/grid_view.cpp
  src/view/help_view.cpp
  src/view/list_view.cpp
  src/view/side_view.cpp
  src/view/terminal_view.cpp
  src/view/theme.cpp
  src/view/twins.cpp
  src/view/walk_view.cpp)
target_link_libraries(pagelab_picture PUBLIC pagelab_serial pagelab_ram PRIVATE pagelab_host_flags fmt::fmt)

# The terminal: all that includes a curses header.
set(CURSES_NEED_WIDE TRUE)
find_package(Curses REQUIRED)
add_library(pagelab_terminal STATIC
  src/terminal/curses_terminal.cpp
  src/terminal/emergency.cpp
  src/terminal/key_map.cpp
  src/terminal/onlooker.cpp
  src/terminal/picture_effects.cpp
  src/terminal/picture_loop.cpp
  src/terminal/picture_return.cpp
  src/terminal/replay_loop.cpp
  src/terminal/screen.cpp
  src/terminal/terminfo.cpp
  src/terminal/watch_loop.cpp)
target_include_directories(pagelab_terminal SYSTEM PRIVATE ${CURSES_INCLUDE_DIRS})
target_compile_definitions(pagelab_terminal PRIVATE NCURSES_WIDECHAR=1)
target_link_libraries(pagelab_terminal
  PUBLIC pagelab_machine pagelab_outside pagelab_picture pagelab_recording
  PRIVATE pagelab_verbs pagelab_host_flags fmt::fmt ${CURSES_LIBRARIES})

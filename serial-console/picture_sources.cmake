# The live picture. pagelab_picture is pure but for guest/, which maps the guest's RAM; it needs no terminal.
add_library(pagelab_picture STATIC
  src/guest/capture.cpp
  src/guest/ram.cpp
  src/guest/serial_log.cpp
  src/model/address_input.cpp
  src/model/key.cpp
  src/model/keys.cpp
  src/model/layout.cpp
  src/model/snapshot.cpp
  src/model/update.cpp
  src/model/utf8.cpp
  src/model/vt_screen.cpp
  src/model/wrap.cpp
  src/view/bars_view.cpp
  src/view/cell.cpp
  src/view/draw.cpp
  src/view/grid_view.cpp
  src/view/help_view.cpp
  src/view/side_view.cpp
  src/view/terminal_view.cpp
  src/view/theme.cpp
  src/view/twins.cpp
  src/view/walk_view.cpp)
target_link_libraries(pagelab_picture PUBLIC pagelab_serial PRIVATE pagelab_host_flags fmt::fmt)

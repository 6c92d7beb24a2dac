# The fuzzers: name, and the libraries whose code each one is about.
set(PAGELAB_FUZZERS serial monitor lab decoder recording)
set(fuzz_serial_libraries pagelab_machine pagelab_picture)
set(fuzz_monitor_libraries pagelab_outside)
set(fuzz_lab_libraries pagelab_outside fmt::fmt)
set(fuzz_decoder_libraries pagelab_outside)
set(fuzz_recording_libraries pagelab_recording)

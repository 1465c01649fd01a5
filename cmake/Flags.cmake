# Compiler flags for every target of ours, as one interface library.
add_library(sl_flags INTERFACE)
target_compile_definitions(sl_flags INTERFACE _GNU_SOURCE _FILE_OFFSET_BITS=64)
target_compile_options(sl_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wformat=2 -Wundef
  -Wcast-qual -Wpointer-arith -Wwrite-strings
  -fno-common -fstack-protector-strong -ffp-contract=off
  $<$<NOT:$<CONFIG:Debug>>:-O2>)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
target_link_options(sl_flags INTERFACE -Wl,-z,relro -Wl,-z,now -pie)
if(SLUICE_WERROR)
  target_compile_options(sl_flags INTERFACE -Werror)
endif()
if(SLUICE_SANITIZE)
  target_compile_options(sl_flags INTERFACE -fsanitize=${SLUICE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(sl_flags INTERFACE -fsanitize=${SLUICE_SANITIZE})
  # The engines throw C++ exceptions; a sanitiser must have seen libstdc++ at start, not when they are loaded.
  target_link_libraries(sl_flags INTERFACE -Wl,--push-state,--no-as-needed stdc++ -Wl,--pop-state)
else()
  target_compile_options(sl_flags INTERFACE $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
endif()
if(SLUICE_COVERAGE)
  target_compile_options(sl_flags INTERFACE --coverage -fprofile-update=atomic)
  target_compile_definitions(sl_flags INTERFACE SL_COVERAGE="${CMAKE_BINARY_DIR}") # the box may write its counters there
  target_link_options(sl_flags INTERFACE --coverage)
endif()
if(SLUICE_FAULTS)
  target_compile_definitions(sl_flags INTERFACE SL_FAULTS=1)
else()
  target_compile_definitions(sl_flags INTERFACE SL_FAULTS=0)
endif()

find_program(SLUICE_CCACHE ccache)
if(SLUICE_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${SLUICE_CCACHE})
endif()

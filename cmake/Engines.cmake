# Where `./run deps` has put the engines: SLUICE_DEPS_DIR, for the program's search path, the tests and `cmake --install`.
#
# A git worktree shares the .deps of the main one (tools/lib.sh knows the same rule).
set(SLUICE_DEPS_DIR "$ENV{SLUICE_DEPS}" CACHE PATH "what ./run deps fetched")
if(NOT SLUICE_DEPS_DIR)
  set(found "${CMAKE_SOURCE_DIR}/.deps")
  if(NOT EXISTS "${found}")
    execute_process(COMMAND git rev-parse --path-format=absolute --git-common-dir WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}"
      OUTPUT_VARIABLE common OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    cmake_path(GET common PARENT_PATH main)
    if(failed STREQUAL "0" AND EXISTS "${main}/.deps")
      set(found "${main}/.deps")
    endif()
  endif()
  set(SLUICE_DEPS_DIR "${found}" CACHE PATH "what ./run deps fetched" FORCE)
endif()

# Read when it is installed, not now: engines may come after the first configuration. They carry signatures: never stripped.
install(DIRECTORY "${SLUICE_DEPS_DIR}/engines/" DESTINATION lib/sluice OPTIONAL
  FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ
  PATTERN ".*" EXCLUDE)

# sluice_layer(NAME [FOLDER dir] [SEES lib...] [LIBS target...])
#
# A folder is a static library sl_NAME, included as "NAME/header.h". A target sees only the folders that it names (SEES), so that an
# include past the floor plan does not compile. What a folder needs only inside is linked, but its headers are not passed on.
set(SLUICE_INC "${CMAKE_BINARY_DIR}/inc")

function(sluice_headers name folder)
  file(MAKE_DIRECTORY "${SLUICE_INC}/${name}")
  file(CREATE_LINK "${folder}" "${SLUICE_INC}/${name}/${name}" SYMBOLIC)
  add_library(sl_${name}_h INTERFACE)
  target_include_directories(sl_${name}_h INTERFACE "${SLUICE_INC}/${name}")
endfunction()

function(sluice_layer name)
  cmake_parse_arguments(A "" "FOLDER" "SEES;LIBS" ${ARGN})
  if(NOT A_FOLDER)
    set(A_FOLDER "${CMAKE_SOURCE_DIR}/src/${name}")
  endif()
  sluice_headers(${name} "${A_FOLDER}")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${A_FOLDER}/*.c")
  if(NOT sources)
    return()
  endif()
  add_library(sl_${name} STATIC ${sources})
  target_link_libraries(sl_${name} PRIVATE sl_flags sl_${name}_h)
  foreach(lower IN LISTS A_SEES)
    target_link_libraries(sl_${name} PRIVATE sl_${lower}_h)
    if(TARGET sl_${lower})
      target_link_libraries(sl_${name} PRIVATE $<LINK_ONLY:sl_${lower}>)
    endif()
  endforeach()
  foreach(lib IN LISTS A_LIBS)
    target_link_libraries(sl_${name} PRIVATE ${lib})
  endforeach()
endfunction()

# Everything of ours that is a library, in link order, for the program and the tests.
set(SLUICE_LAYERS base loop compute table proto model box ui)

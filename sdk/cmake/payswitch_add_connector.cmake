# payswitch_add_connector(NAME SOURCES … [LINKS …] [OUTPUT_DIRECTORY dir] [NO_LINT])
#
# A connector plugin NAME.so: everything hidden but psw_plugin_entry, all symbols bound at load, never unloaded. After linking, a
# script checks the file and the sources (sdk/cmake/lint.py): exactly one export, no GNU-unique symbol, no text relocation, the note is
# there, no co_await statement that g++ 12 compiles wrongly. A plugin that fails the check is removed, so it cannot be loaded by mistake.
include_guard(GLOBAL)

function(payswitch_add_connector name)
  cmake_parse_arguments(arg "NO_LINT" "OUTPUT_DIRECTORY" "SOURCES;LINKS" ${ARGN})
  add_library(${name} MODULE ${arg_SOURCES})
  if(NOT arg_OUTPUT_DIRECTORY)
    if(PSW_PLUGIN_DIR)
      set(arg_OUTPUT_DIRECTORY ${PSW_PLUGIN_DIR})
    else()
      set(arg_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
    endif()
  endif()
  set(script ${CMAKE_CURRENT_BINARY_DIR}/${name}.version)  # a linker version script with one global symbol
  file(GENERATE OUTPUT ${script} CONTENT "{ global: psw_plugin_entry; local: *; };\n")
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX ".so" POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LIBRARY_OUTPUT_DIRECTORY ${arg_OUTPUT_DIRECTORY} LINK_DEPENDS ${script})
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_link_libraries(${name} PRIVATE PayswitchSDK::sdk ${arg_LINKS})
  target_link_options(${name} PRIVATE -Wl,--version-script=${script} -Wl,-z,now -Wl,-z,nodelete -Wl,-z,relro)
  if(NOT PSW_SANITIZE)  # the sanitizers' run time is found in the host
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
  if(NOT arg_NO_LINT AND NOT PSW_SANITIZE)
    find_package(Python3 REQUIRED COMPONENTS Interpreter)
    set(sources)
    foreach(source ${arg_SOURCES})
      if(NOT IS_ABSOLUTE ${source})
        set(source ${CMAKE_CURRENT_SOURCE_DIR}/${source})
      endif()
      list(APPEND sources ${source})
    endforeach()
    add_custom_command(TARGET ${name} POST_BUILD VERBATIM
      COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/lint.py --remove-on-failure $<TARGET_FILE:${name}> ${sources}
      COMMENT "Checking plugin ${name}.so")
  endif()
endfunction()

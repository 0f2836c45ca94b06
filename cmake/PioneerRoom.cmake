# pioneer_room(NAME [ROOMS room...] [LIBRARIES target...])
#
# One target a room, from all of its sources; its unit tests (*_test.cc) go into NAME_test, which
# ctest runs whole. Sources of modules that are opened at run time (*_module.cc) are no part of it.
#
# Most of a file's compile time is what it shares with others. So what nearly every file includes is
# parsed once for all rooms, and once for all tests (pioneer_precompile below), and the files of a
# room are compiled some at a time (pioneer_batch): names in unnamed namespaces must differ within a
# room. Builds with sanitizers do neither, and so notice a missing include.
set(PIONEER_COMMON_HEADERS
    <algorithm> <array> <atomic> <chrono> <cmath> <condition_variable> <cstdint> <cstring> <deque>
    <filesystem> <functional> <map> <memory> <mutex> <optional> <set> <span> <string> <string_view>
    <thread> <unordered_map> <utility> <variant> <vector> <fmt/format.h> <fmt/ranges.h>
    <nlohmann/json.hpp>)

# Targets of one kind (rooms, tests) share what the first of them compiles.
function(pioneer_precompile target kind)
  get_property(first GLOBAL PROPERTY PIONEER_PRECOMPILED_${kind})
  if(PIONEER_SANITIZE)
    return()
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -fpch-preprocess)  # for ccache
  endif()
  if(first)
    target_precompile_headers(${target} REUSE_FROM ${first})
  else()
    set_property(GLOBAL PROPERTY PIONEER_PRECOMPILED_${kind} ${target})
    target_precompile_headers(${target} PRIVATE ${PIONEER_COMMON_HEADERS} ${ARGN})
  endif()
endfunction()

function(pioneer_batch target size)
  if(NOT PIONEER_SANITIZE)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${size})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(${target} PRIVATE -Wno-subobject-linkage)  # takes sources for headers
    endif()
  endif()
endfunction()

function(pioneer_room name)
  cmake_parse_arguments(ROOM "" "" "ROOMS;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$|_module\\.cc$|/main\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  if(NOT sources)
    return()
  endif()

  add_library(pioneer_${name} STATIC ${sources})
  target_include_directories(pioneer_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  list(TRANSFORM ROOM_ROOMS PREPEND pioneer_)
  target_link_libraries(pioneer_${name} PUBLIC ${ROOM_ROOMS} ${ROOM_LIBRARIES})
  pioneer_precompile(pioneer_${name} ROOMS)
  pioneer_batch(pioneer_${name} 4)

  if(PIONEER_TESTS AND tests)
    find_package(GTest REQUIRED)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test pioneer_${name} GTest::gtest GTest::gmock GTest::gtest_main)
    target_compile_definitions(${name}_test PRIVATE PIONEER_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    target_compile_options(${name}_test PRIVATE -O1)  # what is tested is optimized, not the asking
    pioneer_precompile(${name}_test TESTS <gtest/gtest.h> <gmock/gmock.h>)
    add_test(NAME ${name} COMMAND ${name}_test --gtest_brief=1 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES ENVIRONMENT
      LSAN_OPTIONS=print_suppressions=0:suppressions=${CMAKE_SOURCE_DIR}/tests/leaks.txt)
  endif()
endfunction()

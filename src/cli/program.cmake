# The program: all rooms, one file a subcommand, and the page.
find_package(CLI11 REQUIRED)
find_library(EDITLINE_LIBRARY edit REQUIRED)
include(WebPage)

file(GLOB cli_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cli/*.cc)
add_executable(pioneer ${cli_sources} ${WEB_PAGE_SOURCE})
target_compile_definitions(pioneer PRIVATE PIONEER_VERSION="${PROJECT_VERSION}"
                                           PIONEER_MODELS_DIR="${CMAKE_SOURCE_DIR}/models")
target_link_libraries(pioneer pioneer_serve pioneer_lab pioneer_train pioneer_eval pioneer_tune CLI11::CLI11 ${EDITLINE_LIBRARY})
add_dependencies(pioneer pioneer-convert)
if(TARGET pioneer_mpi)
  add_dependencies(pioneer pioneer_mpi)
endif()
pioneer_precompile(pioneer COMMANDS <CLI/CLI.hpp>)
pioneer_batch(pioneer 6)  # half of a command's compile time is CLI11's own code

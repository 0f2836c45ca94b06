# What needs Open MPI is a module beside the program, opened only under mpirun (train/mpi_calls.h).
# Without the library there is no module, and mpirun-started training says what to install.
find_package(PkgConfig REQUIRED)
if(NOT CMAKE_CROSSCOMPILING)
  pkg_check_modules(OMPI QUIET IMPORTED_TARGET ompi-c)
endif()
if(OMPI_FOUND)
  add_library(pioneer_mpi MODULE ${CMAKE_CURRENT_SOURCE_DIR}/train/mpi_module.cc)
  target_include_directories(pioneer_mpi PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(pioneer_mpi PRIVATE PkgConfig::OMPI)
  set_target_properties(pioneer_mpi PROPERTIES PREFIX "" OUTPUT_NAME pioneer-mpi
                        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR} CXX_VISIBILITY_PRESET hidden)
endif()

# Own objects, so that the converter of search is no larger than it must be.
set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/train/html_page.cc
                            ${CMAKE_CURRENT_SOURCE_DIR}/train/language_tag.cc
                            ${CMAKE_CURRENT_SOURCE_DIR}/train/source_markdown.cc
                            PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
# Compressed sources, HTML, and the program's version for the lineage of a model.
find_package(LibLZMA REQUIRED)
find_package(LibXml2 REQUIRED)
find_package(ZLIB REQUIRED)
find_library(ZSTD_LIBRARY zstd REQUIRED)
set(TRAIN_LIBRARIES LibLZMA::LibLZMA LibXml2::LibXml2 ZLIB::ZLIB ${ZSTD_LIBRARY})
set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/train/lineage.cc
                            PROPERTIES COMPILE_DEFINITIONS PIONEER_VERSION="${PROJECT_VERSION}")

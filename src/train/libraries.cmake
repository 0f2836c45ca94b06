# Compressed sources, HTML, and the program's version for the lineage of a model.
find_package(LibLZMA REQUIRED)
find_package(LibXml2 REQUIRED)
find_package(ZLIB REQUIRED)
find_library(ZSTD_LIBRARY zstd REQUIRED)
set(TRAIN_LIBRARIES LibLZMA::LibLZMA LibXml2::LibXml2 ZLIB::ZLIB ${ZSTD_LIBRARY})
set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/train/lineage.cc
                            PROPERTIES COMPILE_DEFINITIONS PIONEER_VERSION="${PROJECT_VERSION}")

# libpqxx speaks to PostgreSQL (libpq reads addresses), libzip and libxml2 open documents, ICU knows
# encodings and characters, Snowball stems words, hnswlib (headers only) finds neighbours; pdftotext
# is run as a program.
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(LIBPQXX REQUIRED IMPORTED_TARGET libpqxx libpq)
find_package(LibXml2 REQUIRED)
find_package(ICU REQUIRED COMPONENTS i18n uc)
find_package(ZLIB REQUIRED)
find_library(PIONEER_STEMMER NAMES stemmer REQUIRED)
set(SEARCH_LIBRARIES PkgConfig::LIBPQXX PkgConfig::LIBZIP LibXml2::LibXml2 ICU::i18n ICU::uc ZLIB::ZLIB
                     ${PIONEER_STEMMER})
set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/search/fetch/web_fetcher.cc
                            PROPERTIES COMPILE_DEFINITIONS PIONEER_VERSION="${PROJECT_VERSION}"
                                       SKIP_UNITY_BUILD_INCLUSION ON)
set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/search/index/open_library.cc
                            PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
# hnswlib's headers define functions and may be included once.
find_path(PIONEER_HNSWLIB NAMES hnswlib/hnswlib.h REQUIRED)
set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/search/rank/vector_graph.cc
                            PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)

# prometheus-cpp's core only: the registry and the text format. Its own HTTP server is not used.
find_package(prometheus-cpp REQUIRED)
set(SERVE_LIBRARIES prometheus-cpp::core)
set_source_files_properties(serve/version.cc PROPERTIES COMPILE_DEFINITIONS
                            PIONEER_VERSION="${PROJECT_VERSION}")

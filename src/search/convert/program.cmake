# The converter's own program (search/convert/converter.h), which stands beside whoever starts it.
add_executable(pioneer-convert ${CMAKE_CURRENT_SOURCE_DIR}/search/convert/main.cc)
target_link_libraries(pioneer-convert pioneer_search)
target_link_options(pioneer-convert PRIVATE -Wl,--as-needed)  # it starts with few libraries
if(TARGET search_test)
  add_dependencies(search_test pioneer-convert)
endif()

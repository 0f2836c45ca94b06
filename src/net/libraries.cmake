# Boost.Beast and Asio serve (headers only), libcurl fetches.
find_package(Boost 1.74 REQUIRED)
find_package(CURL REQUIRED)
# What Boost asserts of a stranger's bytes must not end the service (net/boost_assert.cc).
add_library(pioneer_boost INTERFACE)
target_link_libraries(pioneer_boost INTERFACE Boost::headers)
target_compile_definitions(pioneer_boost INTERFACE BOOST_ENABLE_ASSERT_HANDLER)
set(NET_LIBRARIES pioneer_boost CURL::libcurl Threads::Threads)
if(PIONEER_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Asio's fences are unknown to GCC's thread sanitizer, which warns; its locks are known.
  add_library(pioneer_net_tsan INTERFACE)
  target_compile_options(pioneer_net_tsan INTERFACE -Wno-tsan)
  list(APPEND NET_LIBRARIES pioneer_net_tsan)
endif()

# Boost.Beast and Asio serve (headers only), libcurl fetches.
find_package(Boost 1.74 REQUIRED)
find_package(CURL REQUIRED)
set(NET_LIBRARIES Boost::headers CURL::libcurl Threads::Threads)
if(PIONEER_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Asio's fences are unknown to GCC's thread sanitizer, which warns; its locks are known.
  add_library(pioneer_net_tsan INTERFACE)
  target_compile_options(pioneer_net_tsan INTERFACE -Wno-tsan)
  list(APPEND NET_LIBRARIES pioneer_net_tsan)
endif()

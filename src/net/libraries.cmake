# Boost.Beast and Asio serve (headers only), libcurl fetches.
find_package(Boost 1.74 REQUIRED)
find_package(CURL REQUIRED)
set(NET_LIBRARIES Boost::headers CURL::libcurl Threads::Threads)

// Why: binding is where a service most often fails to start; the message must say the way out.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <vector>

namespace pioneer {

// Listening sockets for every address that `host` stands for: one for an address, one or two for
// "localhost" (IPv4 and IPv6 on the same port). Port 0 picks any free one. "::" takes IPv4 too.
// Throws Error{kIo} when none can be bound, or one is in use; kInvalidArgument for a bad port.
std::vector<boost::asio::ip::tcp::acceptor> Listen(boost::asio::io_context& io,
                                                   const std::string& host, int port);

// "127.0.0.1:8080", "[::1]:8080".
std::string FormatEndpoint(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace pioneer

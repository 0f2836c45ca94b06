#include "net/listener.h"

#include <boost/asio/ip/v6_only.hpp>
#include <utility>

#include "base/error.h"

namespace pioneer {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr int kPortTries = 8;

std::vector<asio::ip::address> Resolve(asio::io_context& io, const std::string& host) {
  if (host == "localhost") {
    return {asio::ip::address_v4::loopback(), asio::ip::address_v6::loopback()};
  }
  error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (!error) return {address};
  tcp::resolver resolver(io);
  std::vector<asio::ip::address> addresses;
  for (const auto& entry : resolver.resolve(host, "", tcp::resolver::passive, error)) {
    addresses.push_back(entry.endpoint().address());
  }
  if (error || addresses.empty()) {
    Fail(ErrorCode::kIo, "cannot find the address of host \"{}\": {}; give an address with --host",
         host, error.message());
  }
  return addresses;
}

tcp::acceptor ListenAt(asio::io_context& io, const tcp::endpoint& endpoint, error_code& error) {
  tcp::acceptor acceptor(io);
  acceptor.open(endpoint.protocol(), error);
  // A restart must not wait for old connections to time out; Linux still refuses a port in use.
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && endpoint.address().is_v6()) {
    acceptor.set_option(asio::ip::v6_only(!endpoint.address().is_unspecified()), error);
  }
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  return acceptor;
}

[[noreturn]] void FailToListen(const tcp::endpoint& endpoint, const error_code& error) {
  if (error == asio::error::address_in_use) {
    Fail(ErrorCode::kIo,
         "port {} of {} is in use by another program; choose another with --port, or --port 0 for "
         "any free one",
         endpoint.port(), endpoint.address().to_string());
  }
  if (error == asio::error::access_denied) {
    Fail(ErrorCode::kIo, "port {} needs more rights; choose one above 1023 with --port",
         endpoint.port());
  }
  Fail(ErrorCode::kIo, "cannot listen on {}: {}; choose an address of this machine with --host",
       FormatEndpoint(endpoint), error.message());
}

bool AddressIsMissing(const error_code& error) {
  return error == asio::error::address_family_not_supported ||
         error == boost::system::errc::address_not_available;
}

// Listens on all addresses with one port. With `retry`, returns nothing when a later address finds
// the port, which the system chose for the first one, in use.
std::vector<tcp::acceptor> ListenOnAll(asio::io_context& io,
                                       const std::vector<asio::ip::address>& addresses, int port,
                                       bool retry) {
  std::vector<tcp::acceptor> acceptors;
  for (size_t i = 0; i < addresses.size(); ++i) {
    const int same_port = acceptors.empty() ? port : acceptors.front().local_endpoint().port();
    const tcp::endpoint endpoint(addresses[i], static_cast<uint16_t>(same_port));
    error_code error;
    tcp::acceptor acceptor = ListenAt(io, endpoint, error);
    if (!error) {
      acceptors.push_back(std::move(acceptor));
      continue;
    }
    const bool last_hope = acceptors.empty() && i + 1 == addresses.size();
    if (AddressIsMissing(error) && !last_hope) continue;  // a machine without IPv6
    if (retry && !acceptors.empty() && error == asio::error::address_in_use) return {};
    FailToListen(endpoint, error);
  }
  return acceptors;
}

}  // namespace

std::vector<tcp::acceptor> Listen(asio::io_context& io, const std::string& host, int port) {
  if (port < 0 || port > 65535) {
    Fail(ErrorCode::kInvalidArgument, "port {} is not between 0 and 65535", port);
  }
  const auto addresses = Resolve(io, host);
  for (int tries = 1;; ++tries) {
    auto acceptors = ListenOnAll(io, addresses, port, port == 0 && tries < kPortTries);
    if (!acceptors.empty()) return acceptors;
  }
}

std::string FormatEndpoint(const tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", address, endpoint.port())
                                    : fmt::format("{}:{}", address, endpoint.port());
}

}  // namespace pioneer

// Why: who may name an address may make this program ask it, and behind a firewall that is worth
// much. Where users name addresses, only public ones are connected to.
#pragma once

#include <sys/socket.h>

namespace pioneer {

enum class AddressRule {
  kAny,
  kPublicOnly,  // globally reachable unicast addresses
};

// Whether the address is globally reachable, after the registries of special-purpose addresses
// (RFC 6890 and its updates): not this host, private, loopback, link-local, shared (RFC 6598),
// documentation, benchmarking, multicast or reserved. IPv6 addresses that stand for an IPv4 address
// (mapped, NAT64, 6to4, Teredo) are what that one is, or refused. Other families are refused.
bool IsPublicAddress(const sockaddr& address);

}  // namespace pioneer

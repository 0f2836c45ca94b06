#include "net/address_rule.h"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <iterator>

namespace pioneer {
namespace {

struct AddressBlock {
  uint32_t network;
  int prefix_bits;
};

constexpr uint32_t Ip4(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

constexpr AddressBlock kNotPublic[] = {
    {Ip4(0, 0, 0, 0), 8},        // this network
    {Ip4(10, 0, 0, 0), 8},       // private
    {Ip4(100, 64, 0, 0), 10},    // shared by a provider's customers
    {Ip4(127, 0, 0, 0), 8},      // loopback
    {Ip4(169, 254, 0, 0), 16},   // link-local; the metadata of clouds
    {Ip4(172, 16, 0, 0), 12},    // private
    {Ip4(192, 0, 0, 0), 24},     // protocols
    {Ip4(192, 0, 2, 0), 24},     // documentation
    {Ip4(192, 88, 99, 0), 24},   // relays of 6to4
    {Ip4(192, 168, 0, 0), 16},   // private
    {Ip4(198, 18, 0, 0), 15},    // benchmarks
    {Ip4(198, 51, 100, 0), 24},  // documentation
    {Ip4(203, 0, 113, 0), 24},   // documentation
    {Ip4(224, 0, 0, 0), 3},      // multicast, reserved, broadcast
};

bool IsPublicIp4(uint32_t address) {
  return std::none_of(std::begin(kNotPublic), std::end(kNotPublic), [&](const AddressBlock& block) {
    return (address ^ block.network) >> (32 - block.prefix_bits) == 0;
  });
}

using Ip6Bytes = std::array<uint8_t, 16>;

uint32_t EmbeddedIp4(const Ip6Bytes& bytes, size_t at) {
  return Ip4(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
}

template <size_t N>
bool StartsWith(const Ip6Bytes& bytes, const uint8_t (&prefix)[N]) {
  return std::equal(std::begin(prefix), std::end(prefix), bytes.begin());
}

bool IsPublicIp6(const Ip6Bytes& bytes) {
  static constexpr uint8_t kMapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  static constexpr uint8_t kNat64[] = {0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0};
  static constexpr uint8_t kSixToFour[] = {0x20, 0x02};
  static constexpr uint8_t kDocumentation[] = {0x20, 0x01, 0x0D, 0xB8};
  if (StartsWith(bytes, kMapped) || StartsWith(bytes, kNat64)) {
    return IsPublicIp4(EmbeddedIp4(bytes, 12));
  }
  if (StartsWith(bytes, kSixToFour)) return IsPublicIp4(EmbeddedIp4(bytes, 2));
  if (StartsWith(bytes, kDocumentation)) return false;
  // 2001::/23 is for protocols (Teredo, ORCHID, ...), 3fff::/20 for documentation.
  if (bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] < 2) return false;
  if (bytes[0] == 0x3F && bytes[1] == 0xFF && bytes[2] < 0x10) return false;
  return bytes[0] >> 5 == 1;  // 2000::/3 is all that was given out
}

}  // namespace

bool IsPublicAddress(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in ip4;
    std::memcpy(&ip4, &address, sizeof(ip4));
    return IsPublicIp4(ntohl(ip4.sin_addr.s_addr));
  }
  if (address.sa_family != AF_INET6) return false;
  sockaddr_in6 ip6;
  std::memcpy(&ip6, &address, sizeof(ip6));
  Ip6Bytes bytes;
  std::memcpy(bytes.data(), ip6.sin6_addr.s6_addr, bytes.size());
  return IsPublicIp6(bytes);
}

}  // namespace pioneer

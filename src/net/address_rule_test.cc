// Why: each kind of address that must not be reached from a user's URL, in all its disguises.
#include "net/address_rule.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace pioneer {
namespace {

bool IsPublicText(const std::string& text) {
  sockaddr_storage storage = {};
  sockaddr_in ip4 = {};
  sockaddr_in6 ip6 = {};
  if (::inet_pton(AF_INET, text.c_str(), &ip4.sin_addr) == 1) {
    ip4.sin_family = AF_INET;
    std::memcpy(&storage, &ip4, sizeof(ip4));
  } else {
    EXPECT_EQ(::inet_pton(AF_INET6, text.c_str(), &ip6.sin6_addr), 1) << text;
    ip6.sin6_family = AF_INET6;
    std::memcpy(&storage, &ip6, sizeof(ip6));
  }
  return IsPublicAddress(reinterpret_cast<const sockaddr&>(storage));
}

TEST(AddressRuleTest, TakesPublicAddresses) {
  for (const char* address :
       {"1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.0", "172.15.0.1",
        "172.32.0.1", "192.167.255.255", "198.17.0.1", "198.20.0.1", "223.255.255.255",
        "2606:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
        "2002:808:808::1"}) {
    EXPECT_TRUE(IsPublicText(address)) << address;
  }
}

TEST(AddressRuleTest, RefusesAllOthers) {
  for (const char* address : {"0.0.0.0",
                              "0.1.2.3",
                              "10.0.0.1",
                              "100.64.0.1",
                              "100.127.255.255",
                              "127.0.0.1",
                              "127.255.255.254",
                              "169.254.169.254",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.0.0.8",
                              "192.0.2.1",
                              "192.88.99.1",
                              "192.168.1.1",
                              "198.18.0.1",
                              "198.19.255.255",
                              "198.51.100.7",
                              "203.0.113.9",
                              "224.0.0.1",
                              "239.1.2.3",
                              "240.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "::127.0.0.1",
                              "::ffff:127.0.0.1",
                              "::ffff:10.0.0.1",
                              "64:ff9b::10.0.0.1",
                              "64:ff9b:1::1",
                              "100::1",
                              "fe80::1",
                              "fec0::1",
                              "fc00::1",
                              "fd12:3456::1",
                              "ff02::1",
                              "2001::1",
                              "2001:db8::1",
                              "2002:7f00:1::1",
                              "2002:a00:1::",
                              "3fff:0:1::1",
                              "4000::1"}) {
    EXPECT_FALSE(IsPublicText(address)) << address;
  }
}

TEST(AddressRuleTest, RefusesOtherFamilies) {
  sockaddr local = {};
  local.sa_family = AF_UNIX;
  EXPECT_FALSE(IsPublicAddress(local));
}

}  // namespace
}  // namespace pioneer

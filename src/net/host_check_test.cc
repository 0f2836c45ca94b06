// Why: a page elsewhere must not reach a local service under its own name.
#include "net/host_check.h"

#include <gtest/gtest.h>

namespace pioneer {
namespace {

TEST(HostCheck, LoopbackServiceTakesLoopbackNames) {
  const HostCheck check("127.0.0.1");
  for (const char* host : {"localhost", "LOCALHOST:8080", "localhost.", "127.0.0.1:8080", "[::1]",
                           "[::1]:8080", "127.1.2.3", "app.localhost:80"}) {
    EXPECT_TRUE(check.IsAllowed(host)) << host;
  }
  for (const char* host :
       {"", "evil.example", "evil.example:8080", "localhost.evil.example", "192.168.0.1",
        "127.0.0.1.evil.example", "localhost:80:80", "localhost:x", "[::1", "[::1]x",
        "user@localhost", "0.0.0.0", "evillocalhost", "127.0.0.1/", "[::2]"}) {
    EXPECT_FALSE(check.IsAllowed(host)) << host;
  }
}

TEST(HostCheck, NamesThatWereAllowed) {
  const HostCheck check("192.168.0.5", {"Pioneer.lan", "fe80::1"});
  EXPECT_TRUE(check.IsAllowed("192.168.0.5:80"));
  EXPECT_TRUE(check.IsAllowed("pioneer.lan"));
  EXPECT_TRUE(check.IsAllowed("[FE80::1]:80"));
  EXPECT_FALSE(check.IsAllowed("192.168.0.6"));
  EXPECT_TRUE(HostCheck("127.0.0.1", {"*"}).IsAllowed("any.example"));
}

TEST(HostCheck, AllAddressesStillRefuseForeignNames) {
  for (const char* bound : {"0.0.0.0", "::"}) {
    const HostCheck check(bound);
    EXPECT_TRUE(check.IsAllowed("10.0.0.7:8080"));
    EXPECT_TRUE(check.IsAllowed("[2001:db8::1]:8080"));
    EXPECT_FALSE(check.IsAllowed("evil.example:8080"));
  }
}

TEST(HostCheck, SameOrigin) {
  EXPECT_TRUE(HostCheck::IsSameOrigin("http://localhost:8080", "localhost:8080"));
  EXPECT_TRUE(HostCheck::IsSameOrigin("http://a.example", "A.example:80"));
  EXPECT_TRUE(HostCheck::IsSameOrigin("https://a.example:443", "a.example"));
  EXPECT_TRUE(HostCheck::IsSameOrigin("http://[::1]:80", "[::1]"));
  for (const char* origin : {"null", "", "http://", "http://localhost", "http://localhost:8081",
                             "http://evil.example:8080", "file://localhost:8080",
                             "http://localhost:8080/x", "http://localhost:8080.evil"}) {
    EXPECT_FALSE(HostCheck::IsSameOrigin(origin, "localhost:8080")) << origin;
  }
}

}  // namespace
}  // namespace pioneer

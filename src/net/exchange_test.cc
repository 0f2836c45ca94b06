// Why: what a handler can say of its connection, as a client sees it.
#include "net/exchange.h"

#include <gtest/gtest.h>

#include <string>

#include "net/http_server.h"
#include "net/test_socket.h"

namespace pioneer {
namespace {

TEST(Exchange, AStreamMayEndTheConnection) {
  HttpServerOptions options;
  options.port = 0;
  HttpServer server(options, [](const HttpRequest&, ResponseWriter& writer) {
    writer.StartStream(200, {{"connection", "Close"}});
    writer.Write("piece");
  });
  server.Start();
  TestSocket socket(server.port());
  socket.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string answer = socket.ReadAll();
  EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_EQ(answer.find("\r\nconnection: "), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n5\r\npiece\r\n0\r\n\r\n"));
}

}  // namespace
}  // namespace pioneer

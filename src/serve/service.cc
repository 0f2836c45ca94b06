#include "serve/service.h"

namespace pioneer::serve {

void Routes::Add(const std::string& method, const std::string& pattern, ServeHandler handler) {
  router_.Add(method, pattern,
              [&service = service_, pattern, handler = std::move(handler)](
                  const HttpRequest& request, ResponseWriter& writer) {
                // Server hands only ServeWriters to its router.
                auto& serve_writer = static_cast<ServeWriter&>(writer);
                serve_writer.route = pattern;
                handler(service, request, serve_writer);
              });
}

}  // namespace pioneer::serve

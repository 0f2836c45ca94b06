// Why: curves that grow while one looks at them: several runs on one stream, because a browser
// keeps few streams open at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "serve/service.h"

namespace pioneer::serve {

// One thread, the handler's.
class LiveRuns {
 public:
  static constexpr size_t kMaxRuns = 8;

  // Throws Error{kNotFound} where one of the names is no run.
  LiveRuns(Service& service, const std::vector<std::string>& names);

  // Sends `series`, `summary` and `samples` of each run, then what changes, until the client has
  // gone or the service stops.
  void Send(ServeWriter& writer);

 private:
  struct Watched;

  void Watch(Watched& run);
  void SendSeries(Watched& run);
  void Write(const char* event, const Watched& run, const char* key, OrderedJson data);

  Service& service_;
  ServeWriter* writer_ = nullptr;
  std::vector<std::shared_ptr<Watched>> runs_;
};

}  // namespace pioneer::serve

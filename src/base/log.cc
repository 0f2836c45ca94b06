#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>

#include <cstdlib>
#include <memory>

namespace pioneer {

void InitLog() {
  spdlog::set_default_logger(spdlog::stderr_color_mt("pioneer"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
  const char* level = std::getenv("PIONEER_LOG");
  spdlog::set_level(level == nullptr ? spdlog::level::info : spdlog::level::from_str(level));
}

}  // namespace pioneer

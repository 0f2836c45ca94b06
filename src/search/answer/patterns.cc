#include "search/answer/patterns.h"

#include <map>
#include <mutex>

namespace pioneer::search::answer {

const std::regex& Compiled(const char* pattern) {
  static std::mutex mutex;
  static std::map<std::string, std::regex, std::less<>> compiled;
  const std::lock_guard lock(mutex);
  const auto found = compiled.find(pattern);
  if (found != compiled.end()) return found->second;
  return compiled.emplace(pattern, std::regex(pattern, std::regex::icase | std::regex::optimize))
      .first->second;
}

}  // namespace pioneer::search::answer

// Why: preparing data takes minutes to hours: all of it uses the same threads, can be stopped, and
// says how far it is.
#pragma once

#include <functional>
#include <string>

#include "base/cancel.h"
#include "base/thread_pool.h"

namespace pioneer {

struct PrepareContext {
  ThreadPool& pool;
  CancelToken cancel;
  std::function<void(const std::string&)> on_status;  // a sentence for people, often; may be empty

  void Say(const std::string& text) const {
    if (on_status) on_status(text);
  }
};

}  // namespace pioneer

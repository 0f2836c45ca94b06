// Why: Ctrl+C ends long work in order: what was begun is put away, and what can go on later says
// so.
#pragma once

#include "base/cancel.h"

namespace pioneer {

// While it lives, SIGINT, SIGTERM and SIGUSR1 (which mpirun passes on without killing soon after)
// use the token; a second one ends the program at once. One at a time.
class InterruptCancels {
 public:
  InterruptCancels();
  ~InterruptCancels();
  InterruptCancels(const InterruptCancels&) = delete;
  InterruptCancels& operator=(const InterruptCancels&) = delete;

  const CancelToken& token() const { return token_; }

 private:
  CancelToken token_;
};

}  // namespace pioneer

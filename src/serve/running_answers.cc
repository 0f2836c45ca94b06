#include "serve/running_answers.h"

namespace pioneer::serve {

void RunningAnswers::Add(const std::shared_ptr<EventMerger>& answer) {
  const std::lock_guard lock(mutex_);
  if (cancelled_) return answer->Cancel();
  std::erase_if(answers_, [](const auto& one) { return one.expired(); });
  answers_.push_back(answer);
}

void RunningAnswers::CancelAll() {
  std::vector<std::weak_ptr<EventMerger>> answers;
  {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    answers.swap(answers_);
  }
  for (const auto& weak : answers) {
    if (const auto answer = weak.lock()) answer->Cancel();
  }
}

}  // namespace pioneer::serve

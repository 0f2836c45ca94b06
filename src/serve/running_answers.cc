#include "serve/running_answers.h"

namespace pioneer::serve {

void RunningAnswers::Add(const std::shared_ptr<EventMerger>& answer) {
  const std::lock_guard lock(mutex_);
  if (cancelled_) return answer->Cancel();
  std::erase_if(answers_, [](const auto& one) { return one.expired(); });
  answers_.push_back(answer);
}

void RunningAnswers::Add(const std::shared_ptr<CancelToken>& answer) {
  const std::lock_guard lock(mutex_);
  if (cancelled_) return answer->Cancel();
  std::erase_if(searches_, [](const auto& one) { return one.expired(); });
  searches_.push_back(answer);
}

void RunningAnswers::CancelAll() {
  std::vector<std::weak_ptr<EventMerger>> answers;
  std::vector<std::weak_ptr<CancelToken>> searches;
  {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    answers.swap(answers_);
    searches.swap(searches_);
  }
  for (const auto& weak : searches) {
    if (const auto search = weak.lock()) search->Cancel();
  }
  for (const auto& weak : answers) {
    if (const auto answer = weak.lock()) answer->Cancel();
  }
}

}  // namespace pioneer::serve

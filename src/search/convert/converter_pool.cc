#include "search/convert/converter_pool.h"

#include <algorithm>
#include <utility>

#include "base/thread_pool.h"

namespace pioneer::search {

ConverterPool::ConverterPool(const CancelToken& cancel) : cancel_(cancel) {
  constexpr int kMost = 4;
  for (int i = 0; i < std::min(UsableCores(), kMost); ++i) {
    threads_.emplace_back([this] { Work(); });
  }
}

ConverterPool::~ConverterPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

std::future<Converted> ConverterPool::Submit(Descriptor file, Format format, std::string name) {
  Task task = {std::move(file), format, std::move(name), {}};
  std::future<Converted> result = task.promise.get_future();
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();
  return result;
}

void ConverterPool::Work() {
  Converter converter;
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopping_ || !tasks_.empty(); });
    if (stopping_) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    try {
      task.promise.set_value(
          converter.Convert(task.file.get(), task.format, task.name, "", cancel_));
    } catch (...) {
      task.promise.set_exception(std::current_exception());
    }
  }
}

}  // namespace pioneer::search

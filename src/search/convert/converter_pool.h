// Why: most of indexing is converting, and files do not wait for one another.
#pragma once

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/cancel.h"
#include "base/descriptor.h"
#include "search/convert/converter.h"

namespace pioneer::search {

// Some threads, each with a converter's process of its own. One thread submits.
class ConverterPool {
 public:
  // At most as many as this process may use cores, and four.
  explicit ConverterPool(const CancelToken& cancel);
  ~ConverterPool();  // what is not begun then is not done
  ConverterPool(const ConverterPool&) = delete;
  ConverterPool& operator=(const ConverterPool&) = delete;

  int size() const { return static_cast<int>(threads_.size()); }
  // The future throws what Converter::Convert() throws.
  std::future<Converted> Submit(Descriptor file, Format format, std::string name);

 private:
  struct Task {
    Descriptor file;
    Format format;
    std::string name;
    std::promise<Converted> promise;
  };
  void Work();

  const CancelToken cancel_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace pioneer::search

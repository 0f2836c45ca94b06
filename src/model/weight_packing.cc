#include "model/weight_packing.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "model/gguf_split.h"

namespace pioneer {
namespace {

// What a thread packs at once: several large pages, so that a file is cached in such.
constexpr size_t kWindowBytes = size_t{8} << 20;

// Part of a file's name, for people.
std::string ReadableName(const fs::path& path) {
  constexpr size_t kMaxBytes = 64;
  std::string name = path.stem().string().substr(0, kMaxBytes);
  for (char& c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_';
    if (!plain) c = '-';
  }
  return name;
}

std::vector<fs::path> FilesOf(const fs::path& path) {
  std::error_code failure;
  if (!fs::is_directory(path, failure)) return GgufParts(path);
  std::vector<fs::path> files;
  for (fs::directory_iterator at(path, failure), end; !failure && at != end;
       at.increment(failure)) {
    files.push_back(at->path());
  }
  std::ranges::sort(files);
  return files;
}

// All windows of the packed bytes, shared out among the threads. pack(thread, begin, end) returns
// false to end it early.
template <class PackWindow>
void ForWindows(const WeightPack& weights, const LoadOptions& options, ThreadPool& threads,
                const PackWindow& pack) {
  std::atomic<size_t> next{0}, done{0};
  std::atomic<bool> stopped{false};
  threads.Run([&](int thread) {
    while (!stopped && !options.cancel.cancelled()) {
      const size_t begin = next.fetch_add(kWindowBytes);
      if (begin >= weights.bytes()) return;
      const size_t end = std::min(weights.bytes(), begin + kWindowBytes);
      if (!pack(thread, begin, end)) stopped = true;
      weights.VisitSources(begin, end, MappedFile::GiveBack);
      done += end - begin;
      if (thread == 0 && options.on_packed) {
        options.on_packed(static_cast<double>(done) / static_cast<double>(weights.bytes()));
      }
    }
  });
  options.cancel.Check();
  if (options.on_packed && !stopped) options.on_packed(1.0);
}

void PackInMemory(WeightPack& weights, const LoadOptions& options) {
  const std::shared_ptr<std::byte> memory = AllocatePacked(weights.bytes());
  ThreadPool threads(weights.bytes() <= kWindowBytes ? 1 : options.n_threads);
  ForWindows(weights, options, threads, [&](int, size_t begin, size_t end) {
    weights.Pack(begin, end, memory.get() + begin);
    return true;
  });
  weights.Place({memory.get(), memory});
}

std::shared_ptr<const PackedFile> PackInFile(const WeightPack& weights, PackedFileWriter& writer,
                                             const LoadOptions& options) {
  ThreadPool threads(options.n_threads);
  std::vector<std::shared_ptr<std::byte>> buffers;
  for (int i = 0; i < threads.size(); ++i) buffers.push_back(AllocatePacked(kWindowBytes));
  ForWindows(weights, options, threads, [&](int thread, size_t begin, size_t end) {
    std::byte* const buffer = buffers[static_cast<size_t>(thread)].get();
    weights.Pack(begin, end, buffer);
    return writer.Write(begin, {buffer, end - begin});
  });
  return writer.Commit();
}

// Null when they cannot be kept; the log says why.
std::shared_ptr<const PackedFile> FindOrMake(const WeightPack& weights, const ModelFiles& files,
                                             const LoadOptions& options) {
  const PackedKey key{files.name(), files.identity() + weights.Directory(), weights.bytes()};
  weights.VisitSources(0, weights.bytes(), MappedFile::GiveBack);
  if (auto found = PackedFile::Find(options.cache, key)) return found;
  try {
    PackedFileWriter writer(options.cache, key, options.cancel);
    if (auto found = PackedFile::Find(options.cache, key)) return found;
    if (ModelFiles(files.path()).identity() != files.identity()) return nullptr;
    return PackInFile(weights, writer, options);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    spdlog::warn("the packed weights of {} are not kept for the next start: {}",
                 files.path().string(), error.what());
    return nullptr;
  }
}

}  // namespace

ModelFiles::ModelFiles(const fs::path& path) : path_(path) {
  std::error_code failure;
  fs::path whole = fs::canonical(path, failure);
  if (failure) whole = path;
  name_ = fmt::format("{}-{:016x}", ReadableName(whole), Fnv1a(whole.string()));
  for (const fs::path& file : FilesOf(path)) {
    struct stat info = {};
    if (::stat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    identity_ += fmt::format("{} {} {}.{:09}\n", info.st_ino, info.st_size, info.st_mtim.tv_sec,
                             info.st_mtim.tv_nsec);
  }
}

void PackWeights(WeightPack& weights, const ModelFiles& files, const LoadOptions& options) {
  if (weights.bytes() == 0) return;
  if (!options.cache.folder.empty() && weights.bytes() >= options.cache.min_bytes) {
    if (const auto file = FindOrMake(weights, files, options)) {
      weights.Place({file->data(), file});
      return;
    }
  }
  PackInMemory(weights, options);
}

void PackInMemory(WeightPack& weights) {
  LoadOptions options;
  options.n_threads = 1;
  if (weights.bytes() > 0) PackInMemory(weights, options);
}

int64_t ForgetPackedWeights(const PackedCache& cache, const std::string& name) {
  int64_t freed = 0;
  for (const PackedCacheEntry& entry : ListPackedFiles(cache.folder)) {
    std::error_code failure;
    if (entry.path.stem() == name && fs::remove(entry.path, failure)) freed += entry.bytes;
  }
  return freed;
}

}  // namespace pioneer

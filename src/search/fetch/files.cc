// Why: a folder and all below it, in the same order each time, and nothing that lies elsewhere.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"
#include "search/convert/converter_pool.h"
#include "search/failure_text.h"
#include "search/fetch/file_uri.h"
#include "search/fetch/path_glob.h"
#include "search/fetch/readers.h"

namespace pioneer::search {

std::string FileUri(const fs::path& path) {
  std::string uri = "file://";
  for (const char c : path.string()) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= '0' && byte <= '9') || ((byte | 32) >= 'a' && (byte | 32) <= 'z') ||
                       std::string_view("/-._~!$&'()*+,;=:@").find(c) != std::string_view::npos;
    if (plain && byte < 0x80) {
      uri += c;
    } else {
      uri += fmt::format("%{:02X}", byte);
    }
  }
  return uri;
}

namespace {

constexpr int kMaxFolderDepth = 100;
// Built by programs, and millions of files at times; what Sphinx made its pages beside it from.
constexpr std::string_view kSkippedFolders[] = {"node_modules", "__pycache__", "_sources"};

struct FoundFile {
  fs::path path;
  Format format;
};

bool IsHidden(const std::string& name) { return name.starts_with('.'); }

// Walks without following links: what they lead to is either below as well or not meant.
class FileWalk {
 public:
  FileWalk(const SourceSettings& settings, SourceSink& sink, const CancelToken& cancel)
      : settings_(settings), sink_(sink), cancel_(cancel), root_(settings.location) {}

  std::vector<FoundFile> Find() {
    if (fs::is_directory(root_)) {
      Walk(root_, 0);
    } else if (const auto format = FormatOfName(root_.filename().string())) {
      files_.push_back({root_, *format});
    } else {
      files_.push_back({root_, Format::kText});  // named by itself: it is meant
    }
    return std::move(files_);
  }
  bool cut() const { return cut_; }

 private:
  void Walk(const fs::path& folder, int depth) {
    cancel_.Check();
    std::error_code error;
    std::vector<fs::directory_entry> entries;
    fs::directory_iterator list(folder, error);
    for (; !error && list != fs::directory_iterator(); list.increment(error)) {
      entries.push_back(*list);
    }
    if (error && error != std::errc::permission_denied) {
      // A drive that is away: nothing can be said about what is on it.
      Fail(ErrorCode::kIo, "{} cannot be read: {}", folder.string(), error.message());
    }
    if (error) {
      sink_.OnFailed(FileUri(folder), FailureText(ErrorCodeName(ErrorCode::kUnauthorized),
                                                  "this service may not read this folder"));
    }
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.path() < b.path(); });
    for (const fs::directory_entry& entry : entries) Take(entry, depth);
  }

  void Take(const fs::directory_entry& entry, int depth) {
    const std::string name = entry.path().filename().string();
    std::error_code error;
    if (IsHidden(name) || entry.is_symlink(error) || cut_) return;
    if (entry.is_directory(error)) {
      const bool skipped = std::find(std::begin(kSkippedFolders), std::end(kSkippedFolders),
                                     name) != std::end(kSkippedFolders);
      if (!skipped && depth < kMaxFolderDepth) Walk(entry.path(), depth + 1);
      return;
    }
    const auto format = FormatOfName(name);
    if (!format || !entry.is_regular_file(error)) return;
    const std::string relative = entry.path().lexically_relative(root_).string();
    if (!IsWanted(relative, settings_.include, settings_.exclude)) return;
    cut_ = files_.size() >= static_cast<size_t>(settings_.max_documents);
    if (!cut_) files_.push_back({entry.path(), *format});
  }

  const SourceSettings& settings_;
  SourceSink& sink_;
  const CancelToken& cancel_;
  const fs::path root_;
  std::vector<FoundFile> files_;
  bool cut_ = false;
};

std::string StampOf(const struct stat& status) {
  return fmt::format("{}-{}.{:09}", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

// Reads files in their order, some of them ahead, and reports each in one of the three ways.
class FileReader {
 public:
  FileReader(SourceSink& sink, const CancelToken& cancel, int64_t total)
      : sink_(sink), cancel_(cancel), total_(total), pool_(cancel) {
    sink_.OnProgress(0, total_, 0);
  }

  void Read(const FoundFile& found) {
    cancel_.Check();
    while (begun_.size() >= static_cast<size_t>(2 * pool_.size())) ReportFirst();
    begun_.push_back(Begin(found));
  }
  void Finish() {
    while (!begun_.empty()) ReportFirst();
  }

 private:
  struct BegunFile {
    std::string uri, name, stamp, problem;
    Format format = Format::kText;
    int64_t bytes = 0, modified_at_ms = 0;
    std::future<Converted> converted;  // not valid: unchanged, or there is a problem
  };

  BegunFile Begin(const FoundFile& found) {
    BegunFile file;
    file.uri = FileUri(found.path);
    file.name = RepairUtf8(found.path.filename().string());
    file.format = found.format;
    // Not a link, and not a pipe that never ends, even if it became one since the walk.
    Descriptor opened(::open(found.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status = {};
    if (opened.get() < 0 || ::fstat(opened.get(), &status) != 0) {
      file.problem = FailureText(
          errno == EACCES ? ErrorCodeName(ErrorCode::kUnauthorized) : ErrorCodeName(ErrorCode::kIo),
          std::string("cannot be opened: ") + std::strerror(errno));
    } else if (!S_ISREG(status.st_mode)) {
      file.problem = FailureText(ErrorCodeName(ErrorCode::kNotFound), "is no file any more");
    } else {
      file.bytes = status.st_size;
      file.stamp = StampOf(status);
      file.modified_at_ms =
          int64_t{status.st_mtim.tv_sec} * 1000 + status.st_mtim.tv_nsec / 1'000'000;
      if (sink_.KnownStamp(file.uri) != file.stamp) {
        file.converted = pool_.Submit(std::move(opened), file.format, file.name);
      }
    }
    return file;
  }

  void ReportFirst() {
    BegunFile file = std::move(begun_.front());
    begun_.pop_front();
    if (!file.problem.empty()) {
      sink_.OnFailed(file.uri, file.problem);
    } else if (!file.converted.valid()) {
      sink_.OnUnchanged(file.uri);
    } else {
      ReportConverted(file);
    }
    bytes_ += file.bytes;
    sink_.OnProgress(++done_, total_, bytes_);
  }

  void ReportConverted(BegunFile& file) {
    Converted converted;
    try {
      converted = file.converted.get();
    } catch (const Error& error) {
      // No converter at all, or being told to stop, is not this file's fault.
      if (error.code() == ErrorCode::kCancelled || error.code() == ErrorCode::kIo) throw;
      return sink_.OnFailed(file.uri, FailureText(error));
    }
    converted.document.uri = file.uri;
    converted.document.media_type = MediaTypeOf(file.format, file.name);
    converted.document.modified_at_ms = file.modified_at_ms;
    sink_.OnDocument(std::move(converted.document), file.stamp);
  }

  SourceSink& sink_;
  const CancelToken& cancel_;
  const int64_t total_;
  int64_t done_ = 0, bytes_ = 0;
  std::deque<BegunFile> begun_;
  ConverterPool pool_;
};

}  // namespace

void ReadFilesSource(const SourceSettings& settings, SourceSink& sink, const CancelToken& cancel) {
  const fs::path root(settings.location);
  if (!root.is_absolute()) {
    Fail(ErrorCode::kInvalidArgument, "{} is not a whole path", settings.location);
  }
  std::error_code error;
  if (!fs::exists(root, error)) Fail(ErrorCode::kNotFound, "there is no {}", settings.location);
  FileWalk walk(settings, sink, cancel);
  const std::vector<FoundFile> files = walk.Find();
  FileReader reader(sink, cancel, static_cast<int64_t>(files.size()));
  for (const FoundFile& file : files) reader.Read(file);
  reader.Finish();
  if (walk.cut()) {
    sink.OnFailed(
        FileUri(root),
        FailureText(kLeftOut,
                    fmt::format("holds more than {} files that can be read; the rest was left out",
                                settings.max_documents)));
  }
}

}  // namespace pioneer::search

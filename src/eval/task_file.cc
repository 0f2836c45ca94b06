#include "eval/task_file.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <functional>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/random.h"
#include "base/utf8.h"
#include "eval/task_format.h"

namespace pioneer::eval {
namespace {

struct Lines {
  const Format* format = nullptr;  // null: there are none
  std::vector<Draft> drafts;
};

// All lines of a file; they are of one format. At most `limit`, 0 = all.
Lines ReadLines(const fs::path& path, int64_t limit) {
  const std::string content = ReadFile(path, kMaxTaskFileBytes);
  Lines lines;
  int64_t number = 0;
  for (size_t begin = 0; begin < content.size();) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    const std::string_view line = TrimSpace(std::string_view(content).substr(begin, end - begin));
    begin = end + 1;
    ++number;
    if (line.empty()) continue;
    if (limit > 0 && std::ssize(lines.drafts) == limit) break;
    try {
      const Json json = ParseJson(line);
      const Format* const format = FindFormat(json);
      if (format == nullptr) {
        Fail(ErrorCode::kInvalidArgument,
             "its fields are of no known task; docs/evaluation.md lists them");
      }
      if (lines.format != nullptr && format != lines.format) {
        Fail(ErrorCode::kInvalidArgument, "it is of the format {}, those before of {}",
             format->name, lines.format->name);
      }
      lines.format = format;
      lines.drafts.push_back(format->read(json));
    } catch (const Error& error) {
      Fail(ErrorCode::kInvalidArgument, "{}, line {}: {}", path.string(), number, error.what());
    }
  }
  return lines;
}

void SetPrompt(TaskItem& item, std::string prompt) {
  if (auto* choice = std::get_if<ChoiceQuestion>(&item.question)) {
    choice->context = std::move(prompt);
  } else if (auto* open = std::get_if<OpenQuestion>(&item.question)) {
    open->prompt = std::move(prompt);
  }
}

// Chooses the examples for each item, and writes them down as the harness does.
class Shots {
 public:
  Shots(const fs::path& path, const Lines& lines, const TaskOptions& options)
      : n_(options.n_shots), format_(*lines.format), own_(lines.drafts) {
    if (n_ == 0) return;
    const fs::path beside = fs::path(path).replace_extension("shots.jsonl");
    if (fs::exists(beside)) {
      published_ = ReadLines(beside, 0).drafts;
    } else {
      Draw(options.seed);
    }
  }

  // What stands before the question of item `i`.
  std::string Before(size_t i) const {
    std::string text = format_.description(own_[i].subject);
    for (const Draft* shot : published_.empty() ? Drawn(i) : Published(own_[i].subject)) {
      if (shot->target.empty()) {
        Fail(ErrorCode::kInvalidArgument, "tasks of the format {} take no --shots", format_.name);
      }
      text += shot->prompt + shot->target + "\n\n";
    }
    return text;
  }

 private:
  // One more than needed: it stands in where an item is an example itself.
  void Draw(uint64_t seed) {
    if (std::ssize(own_) <= n_) {
      Fail(ErrorCode::kInvalidArgument, "{} examples need a file of more than {} items", n_, n_);
    }
    Random random(seed);
    std::set<size_t> seen;
    while (std::ssize(drawn_) <= n_) {
      const size_t i = random.Below(own_.size());
      if (seen.insert(i).second) drawn_.push_back(i);
    }
  }

  std::vector<const Draft*> Drawn(size_t item) const {
    std::vector<const Draft*> shots;
    for (const size_t i : drawn_) {
      if (i != item && std::ssize(shots) < n_) shots.push_back(&own_[i]);
    }
    return shots;
  }

  std::vector<const Draft*> Published(const std::string& subject) const {
    std::vector<const Draft*> shots;
    for (const Draft& draft : published_) {
      if (draft.subject == subject && std::ssize(shots) < n_) shots.push_back(&draft);
    }
    if (std::ssize(shots) == n_) return shots;
    Fail(ErrorCode::kInvalidArgument, "there are {} examples{} in the .shots.jsonl file, not {}",
         shots.size(), subject.empty() ? "" : " of " + subject, n_);
  }

  const int n_;
  const Format& format_;
  const std::vector<Draft>& own_;
  std::vector<Draft> published_;
  std::vector<size_t> drawn_;
};

// Items without a name of their own, and those that share one, are named by their place.
void NameItems(Task& task) {
  std::set<std::string> seen;
  for (size_t i = 0; i < task.items.size(); ++i) {
    TaskItem& item = task.items[i];
    if (item.id.empty() || seen.contains(item.id)) item.id = fmt::format("{}#{}", item.id, i + 1);
    seen.insert(item.id);
  }
}

Task TextTask(const fs::path& path) {
  Task task;
  const std::string text = ReadFile(path, kMaxTaskFileBytes);
  if (TrimSpace(text).empty()) Fail(ErrorCode::kInvalidArgument, "{} is empty", path.string());
  task.format = "text";
  task.metrics = FindFormat(Json{{"text", ""}})->metrics;
  task.items.push_back({path.filename().string(), "", TextQuestion{RepairUtf8(text)}});
  return task;
}

Task JsonTask(const fs::path& path, const TaskOptions& options) {
  // Examples are drawn from all items, so that a limit does not change them.
  Lines lines = ReadLines(path, options.n_shots > 0 ? 0 : options.limit);
  if (lines.format == nullptr) {
    Fail(ErrorCode::kInvalidArgument, "{} has no items", path.string());
  }
  Task task;
  task.format = lines.format->name;
  task.metrics = lines.format->metrics;
  task.n_shots = options.n_shots;
  const Shots shots(path, lines, options);
  const size_t n = options.limit > 0
                       ? std::min(lines.drafts.size(), static_cast<size_t>(options.limit))
                       : lines.drafts.size();
  for (size_t i = 0; i < n; ++i) {
    Draft& draft = lines.drafts[i];
    SetPrompt(draft.item, shots.Before(i) + draft.prompt);
    if (draft.item.cluster.empty()) draft.item.cluster = draft.subject;
  }
  for (size_t i = 0; i < n; ++i) task.items.push_back(std::move(lines.drafts[i].item));
  NameItems(task);
  return task;
}

}  // namespace

std::string HashFile(const fs::path& path) {
  const MappedFile file(path);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free};
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned n_digest = 0;
  constexpr size_t kPiece = size_t{4} << 20;
  bool fine = EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  for (size_t at = 0; fine && at < file.bytes().size(); at += kPiece) {
    const auto piece = file.bytes().subspan(at, std::min(kPiece, file.bytes().size() - at));
    fine = EVP_DigestUpdate(context.get(), piece.data(), piece.size()) == 1;
    MappedFile::GiveBack(piece.data(), piece.size());
  }
  if (!fine || EVP_DigestFinal_ex(context.get(), digest, &n_digest) != 1) {
    Fail(ErrorCode::kInternal, "the hash function is not there");
  }
  std::string text;
  for (unsigned i = 0; i < n_digest; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

Task ReadTask(const fs::path& path, const TaskOptions& options) {
  const bool json = path.extension() == ".jsonl" || path.extension() == ".json";
  if (!json && options.n_shots > 0) {
    Fail(ErrorCode::kInvalidArgument, "{} is a text to score, which takes no --shots",
         path.string());
  }
  Task task = json ? JsonTask(path, options) : TextTask(path);
  task.name = path.stem().string();
  task.sha256 = HashFile(path);
  return task;
}

}  // namespace pioneer::eval

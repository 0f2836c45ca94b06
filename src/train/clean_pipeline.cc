#include "train/clean_pipeline.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/progress.h"
#include "base/utf8.h"
#include "text/string_index.h"
#include "train/clean_writer.h"
#include "train/source_parallel.h"

namespace pioneer {
namespace {

// Documents handled together: enough for all threads, small in memory.
constexpr size_t kCleanBatchBytes = size_t{4} << 20;
constexpr size_t kCleanBatchDocuments = 8192;
constexpr size_t kExampleBytes = 400;

std::string ContentOf(const Document& document) {
  std::string content = document.text;
  for (const ChatTurn& turn : document.turns) {
    content.append(turn.role).append("\n").append(turn.content).append("\n");
  }
  return content;
}

// The first 8 bytes of the SHA-256, as a fraction of 2^64.
double SplitFraction(const std::string& content) {
  return static_cast<double>(std::stoull(Sha256OfText(content).substr(0, 16), nullptr, 16)) *
         0x1p-64;
}

// What is said, without who says it.
LanguageTag TagDocument(const Document& document) {
  std::string said = document.text;
  for (const ChatTurn& turn : document.turns) said.append(turn.content).append("\n");
  return TagLanguage(said);
}

void NormalizeDocument(Document& document, TextChanges& changes) {
  document.text = NormalizeText(document.text, changes);
  for (ChatTurn& turn : document.turns) turn.content = NormalizeText(turn.content, changes);
}

std::string BeginningOf(const std::string& text) {
  return text.substr(0, CompleteUtf8Prefix(std::string_view(text).substr(0, kExampleBytes)));
}

}  // namespace

struct SourceCleaner::Work {
  RawDocument raw;
  Document document;
  size_t bytes_in = 0;
  double fraction = 0;
  TextChanges changes;
  size_t overlap_bytes = 0;
  LanguageTag language = LanguageTag::kOther;
  DropReason reason = DropReason::kNone;
  uint64_t hash = 0;
  MinHashSignature signature{};
};

// What is not done with text that its recipe calls clean, or with dialogues, stands here: lines and
// quality are tests for text; near-duplicates are too, as short dialogues are alike by nature.
class SourceCleaner::Run {
 public:
  Run(SourceCleaner& cleaner, const SourceRecipe& source, double max_mb, const CleanFiles& out)
      : cleaner_(cleaner),
        source_(source),
        options_{source.kind, source.field},
        bytes_left_(max_mb > 0 ? max_mb * 1e6 : 1e300),
        train_(out.train),
        held_out_(out.held_out) {
    report_.name = source.name();
  }

  SourceReport Clean(const std::vector<SourceFile>& files) {
    DocumentReader reader(files);
    std::vector<Work> batch;
    while (ReadBatch(reader, batch)) {
      context().cancel.Check();
      CleanBatch(batch);
      Report();
    }
    if (last_resort_) Write(*last_resort_, report_.train.documents > 0);
    report_.train_sha256 = train_.Finish();
    report_.held_out_sha256 = held_out_.Finish();
    return std::move(report_);
  }

 private:
  const CleanContext& context() const { return cleaner_.context_; }
  bool CleansText() const { return source_.clean && source_.kind == SourceKind::kText; }

  bool ReadBatch(DocumentReader& reader, std::vector<Work>& batch) {
    batch.clear();
    size_t bytes = 0;
    while (bytes_left_ > 0 && bytes < kCleanBatchBytes && batch.size() < kCleanBatchDocuments) {
      std::optional<RawDocument> raw = reader.Next();
      if (!raw) break;
      bytes += raw->bytes.size();
      batch.emplace_back().raw = std::move(*raw);
    }
    return !batch.empty();
  }

  void CleanBatch(std::vector<Work>& batch) {
    ForEachInPool(context().pool, batch.size(), [&](size_t i) { Parse(batch[i]); });
    if (CleansText()) {
      for (Work& work : batch) {
        report_.repeated_line_bytes += static_cast<int64_t>(lines_.Strip(work.document.text));
      }
    }
    ForEachInPool(context().pool, batch.size(), [&](size_t i) { Judge(batch[i]); });
    for (Work& work : batch) {
      if (bytes_left_ <= 0) return;
      Settle(work);
    }
  }

  // Any thread.
  void Parse(Work& work) const {
    work.document = ParseDocument(work.raw, options_);
    work.raw.bytes = {};
    work.bytes_in = ContentOf(work.document).size();
    if (source_.clean) NormalizeDocument(work.document, work.changes);
    work.fraction = SplitFraction(ContentOf(work.document));
  }

  // Any thread.
  void Judge(Work& work) const {
    const std::string content = ContentOf(work.document);
    work.language = TagDocument(work.document);
    work.hash = HashBytes(content);
    work.reason = JudgeContent(work, content.size());
  }

  DropReason JudgeContent(Work& work, size_t n_bytes) const {
    if (work.document.text.empty() && work.document.turns.empty()) return DropReason::kTooShort;
    work.overlap_bytes = CutOverlap(work.document);
    if (work.overlap_bytes * 2 > n_bytes) return DropReason::kContaminated;
    if (!source_.languages.empty() && std::find(source_.languages.begin(), source_.languages.end(),
                                                work.language) == source_.languages.end()) {
      return DropReason::kLanguage;
    }
    if (!CleansText()) return DropReason::kNone;
    const std::vector<TextWord> words = FindWords(work.document.text);
    work.signature = MinHash(ShingleHashes(words, kShingleWords));
    return JudgeText(work.document.text, words, work.language);
  }

  // Of a dialogue nothing can be cut without breaking it: it counts as a whole.
  size_t CutOverlap(Document& document) const {
    if (document.turns.empty()) return cleaner_.overlap_.Cut(document.text);
    size_t bytes = 0;
    for (const ChatTurn& turn : document.turns) {
      std::string content = turn.content;
      if (cleaner_.overlap_.Cut(content) > 0) bytes = ContentOf(document).size();
    }
    return bytes;
  }

  // In the documents' order.
  void Settle(Work& work) {
    report_.in.Add(work.bytes_in);
    report_.changes += work.changes;
    report_.overlap_bytes += static_cast<int64_t>(work.overlap_bytes);
    if (work.reason == DropReason::kNone && source_.clean &&
        !cleaner_.exact_.insert(work.hash).second) {
      work.reason = DropReason::kExactDuplicate;
    }
    if (work.reason == DropReason::kNone && CleansText() &&
        cleaner_.near_.FindOrAdd(work.signature)) {
      work.reason = DropReason::kNearDuplicate;
    }
    if (work.reason != DropReason::kNone) {
      report_.dropped[static_cast<size_t>(work.reason)].Add(work.bytes_in);
      cleaner_.NoteDropped(work, report_.name);
      return;
    }
    const size_t bytes = ContentOf(work.document).size();
    bytes_left_ -= static_cast<double>(bytes);
    report_.languages[static_cast<size_t>(work.language)].Add(bytes);
    Place(work);
  }

  // Held out by its own content; the smallest fraction so far waits until one is.
  void Place(Work& work) {
    const bool held_out = work.fraction < context().held_out_share;
    const bool may_wait = context().held_out_share > 0 && report_.held_out.documents == 0;
    if (held_out || !may_wait || (last_resort_ && last_resort_->fraction <= work.fraction)) {
      Write(work, held_out);
      if (held_out && last_resort_) {
        Write(*last_resort_, false);
        last_resort_.reset();
      }
      return;
    }
    if (last_resort_) Write(*last_resort_, false);
    last_resort_ = std::move(work);
  }

  void Write(const Work& work, bool held_out) {
    const size_t bytes = ContentOf(work.document).size();
    (held_out ? report_.held_out : report_.train).Add(bytes);
    (held_out ? held_out_ : train_).Add(work.document, work.language);
  }

  void Report() const {
    if (!context().on_status) return;
    const int64_t kept = report_.train.documents + report_.held_out.documents;
    context().on_status(fmt::format("{}: {} read, {} of {} documents kept", report_.name,
                                    FormatBytes(static_cast<double>(report_.in.bytes)), kept,
                                    report_.in.documents));
  }

  SourceCleaner& cleaner_;
  const SourceRecipe& source_;
  DocumentOptions options_;
  double bytes_left_;
  RepeatedLines lines_;
  CleanWriter train_, held_out_;
  std::optional<Work> last_resort_;
  SourceReport report_;
};

SourceReport SourceCleaner::Clean(const SourceRecipe& source, double max_mb,
                                  const std::vector<SourceFile>& files, const CleanFiles& out) {
  return Run(*this, source, max_mb, out).Clean(files);
}

void SourceCleaner::NoteDropped(const Work& work, const std::string& source) {
  const std::string reason = DropReasonName(work.reason);
  const auto same = std::count_if(examples_.begin(), examples_.end(), [&](const DroppedExample& e) {
    return e.source == source && e.reason == reason;
  });
  if (static_cast<size_t>(same) >= kExamplesOfReason) return;
  std::string file = work.raw.file == nullptr ? "" : work.raw.file->name;
  if (work.raw.line > 0) file += fmt::format(":{}", work.raw.line);
  examples_.push_back({source, file, reason, BeginningOf(ContentOf(work.document))});
}

}  // namespace pioneer

// Why: one road from raw sources to text worth training on, the same whatever the number of
// threads: what concerns one document alone is done by all of them, what compares documents is done
// in the documents' order.
#pragma once

#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/cancel.h"
#include "base/thread_pool.h"
#include "train/clean_lines.h"
#include "train/dedup_min_hash.h"
#include "train/dedup_overlap.h"
#include "train/lineage.h"
#include "train/recipe.h"

namespace pioneer {

// A document that was dropped, for people to look at.
struct DroppedExample {
  std::string source, file, reason;
  std::string text;  // its beginning
};

struct CleanContext {
  ThreadPool& pool;
  CancelToken cancel;
  std::function<void(const std::string&)> on_status;  // a sentence, often; may be empty
  double held_out_share = 0.01;
};

struct CleanFiles {
  fs::path train, held_out;  // .jsonl.zst: {"text", "language"} or {"messages"}, one a line
};

// Cleans sources one after another. Duplicates are found across all of them, so that nothing that
// is held out, nor what is nearly the same, is ever trained on. Which part a document belongs to is
// a matter of its own content: held out when the first 8 bytes of the SHA-256 of its normalized
// text, as a fraction, are below the share. Where no document of a source of two or more is, the
// one with the smallest fraction is. One thread calls it.
class SourceCleaner {
 public:
  static constexpr size_t kExamplesOfReason = 3;

  SourceCleaner(const CleanContext& context, const EvaluationOverlap& overlap)
      : context_(context), overlap_(overlap) {}

  // Reads the files to their end, or until max_mb of text is kept. Throws what reading throws, and
  // Error{kCancelled}.
  SourceReport Clean(const SourceRecipe& source, double max_mb,
                     const std::vector<SourceFile>& files, const CleanFiles& out);

  const std::vector<DroppedExample>& examples() const { return examples_; }

 private:
  struct Work;  // a document on its way
  class Run;    // one source

  void NoteDropped(const Work& work, const std::string& source);

  const CleanContext& context_;
  const EvaluationOverlap& overlap_;
  std::unordered_set<uint64_t> exact_;
  NearDuplicateIndex near_;
  std::vector<DroppedExample> examples_;
};

}  // namespace pioneer

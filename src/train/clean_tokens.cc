#include "train/clean_tokens.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/hash.h"
#include "base/progress.h"
#include "text/bpe_trainer.h"
#include "train/document_encoder.h"
#include "train/document_reader.h"
#include "train/source_files.h"
#include "train/source_parallel.h"
#include "train/token_shard.h"

namespace pioneer {
namespace {

// Documents encoded together: enough for all threads, small in memory.
constexpr size_t kEncodeBatchBytes = size_t{4} << 20;

// Cleaned documents up to a limit.
class CleanDocuments {
 public:
  CleanDocuments(const fs::path& path, const SourceRecipe& source)
      : options_{source.kind, "text"},
        reader_(FindSourceFiles(path)),
        bytes_left_(source.max_mb > 0 ? source.max_mb * 1e6 : 1e300) {}

  std::optional<RawDocument> Next() {
    if (bytes_left_ <= 0) return std::nullopt;
    std::optional<RawDocument> document = reader_.Next();
    if (document) bytes_left_ -= static_cast<double>(document->bytes.size());
    return document;
  }
  Document Parse(const RawDocument& raw) const { return ParseDocument(raw, options_); }

 private:
  DocumentOptions options_;
  DocumentReader reader_;
  double bytes_left_;  // of JSON lines, a little more than their text
};

// The training texts of several sources in a row, as a tokenizer learns from them.
class TextSequence {
 public:
  explicit TextSequence(std::vector<CleanText> sources) : sources_(std::move(sources)) {}

  std::optional<std::string> Next() {
    while (true) {
      if (!documents_) {
        if (next_source_ == sources_.size()) return std::nullopt;
        const auto& [path, source] = sources_[next_source_++];
        documents_ = std::make_unique<CleanDocuments>(path, source);
      }
      if (const std::optional<RawDocument> raw = documents_->Next()) {
        Document document = documents_->Parse(*raw);
        for (const ChatTurn& turn : document.turns) document.text += turn.content + "\n";
        return std::move(document.text);
      }
      documents_.reset();
    }
  }

 private:
  std::vector<CleanText> sources_;
  size_t next_source_ = 0;
  std::unique_ptr<CleanDocuments> documents_;
};

}  // namespace

Vocabulary TrainVocabulary(int64_t vocab_size, std::vector<CleanText> sources,
                           const PrepareContext& context) {
  TextSequence texts(std::move(sources));
  BpeTrainerOptions options;
  options.vocab_size = static_cast<int>(vocab_size);
  options.n_threads = context.pool.size();
  options.cancel = context.cancel;
  options.progress = [&](const BpeTrainerProgress& at) {
    context.Say(at.stage == BpeTrainerProgress::Stage::kReading
                    ? fmt::format("tokenizer: {} of text read",
                                  FormatBytes(static_cast<double>(at.bytes_read)))
                    : fmt::format("tokenizer: {} of {} merges", at.merges_done, at.merges_total));
  };
  Vocabulary vocabulary = TrainBpe([&] { return texts.Next(); }, options);
  vocabulary.add_bos = true;  // documents begin with the end-of-text token in training too
  return vocabulary;
}

namespace {

// Encodes a batch on all threads and writes it in its order.
void EncodeBatch(const DocumentEncoder& encoder, const CleanDocuments& documents,
                 const std::vector<RawDocument>& batch, ThreadPool& pool,
                 TokenShardWriter& writer) {
  std::vector<EncodedDocument> encoded(batch.size());
  ForEachInPool(pool, batch.size(),
                [&](size_t i) { encoded[i] = encoder.Encode(documents.Parse(batch[i])); });
  for (const EncodedDocument& document : encoded) writer.Add(document);
}

}  // namespace

ShardReport WriteShard(const CleanText& text, const Tokenizer& tokenizer, const fs::path& path,
                       uint64_t fingerprint, const PrepareContext& context) {
  const SourceRecipe& source = text.source;
  const DocumentEncoder encoder(tokenizer, source.kind == SourceKind::kDialogue);
  TokenShardWriter writer(path, tokenizer.size(), fingerprint);
  CleanDocuments documents(text.path, source);
  std::vector<RawDocument> batch;
  size_t batch_bytes = 0;
  ShardReport report;
  const auto flush = [&] {
    context.cancel.Check();
    EncodeBatch(encoder, documents, batch, context.pool, writer);
    report.documents += static_cast<int64_t>(batch.size());
    batch.clear();
    batch_bytes = 0;
    context.Say(fmt::format("{}: {:.1f} M tokens", source.name(),
                            static_cast<double>(writer.n_tokens()) * 1e-6));
  };
  while (std::optional<RawDocument> document = documents.Next()) {
    batch_bytes += document->bytes.size();
    batch.push_back(std::move(*document));
    if (batch_bytes >= kEncodeBatchBytes) flush();
  }
  flush();
  writer.Finish();
  report.tokens = writer.n_tokens();
  report.sha256 = Sha256OfFile(path);
  return report;
}

}  // namespace pioneer

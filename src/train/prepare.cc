#include "train/prepare.h"

#include <chrono>
#include <utility>

#include "base/error.h"
#include "base/progress.h"
#include "model/gguf.h"
#include "model/vocabulary.h"
#include "text/bpe_trainer.h"
#include "train/document_encoder.h"

namespace pioneer {
namespace {

// Documents encoded together: enough for all threads, small in memory.
constexpr size_t kBatchBytes = size_t{4} << 20;

void Say(const PrepareContext& context, const std::string& text) {
  if (context.on_status) context.on_status(text);
}

size_t TextBytes(const Document& document) {
  size_t bytes = document.text.size();
  for (const ChatTurn& turn : document.turns) bytes += turn.content.size();
  return bytes;
}

// A source up to its limit.
class LimitedReader {
 public:
  explicit LimitedReader(const SourceRecipe& source)
      : reader_(source.path, source.kind), bytes_left_(source.max_mb * 1e6) {
    if (source.max_mb == 0) bytes_left_ = 1e300;
  }
  std::optional<Document> Next() {
    if (bytes_left_ <= 0) return std::nullopt;
    std::optional<Document> document = reader_.Next();
    if (document) bytes_left_ -= static_cast<double>(TextBytes(*document));
    return document;
  }

 private:
  DocumentReader reader_;
  double bytes_left_;
};

// The texts of several sources in a row, as a tokenizer learns from them.
class TextSequence {
 public:
  explicit TextSequence(const std::vector<SourceRecipe>& sources) : sources_(sources) {}

  std::optional<std::string> Next() {
    while (true) {
      if (!reader_) {
        if (next_source_ == sources_.size()) return std::nullopt;
        reader_ = std::make_unique<LimitedReader>(sources_[next_source_++]);
      }
      if (std::optional<Document> document = reader_->Next()) return TextOf(std::move(*document));
      reader_.reset();
    }
  }

 private:
  static std::string TextOf(Document document) {
    for (const ChatTurn& turn : document.turns) document.text += turn.content + "\n";
    return std::move(document.text);
  }

  const std::vector<SourceRecipe>& sources_;
  size_t next_source_ = 0;
  std::unique_ptr<LimitedReader> reader_;
};

Vocabulary TrainVocabulary(const TokenizerRecipe& recipe, const PrepareContext& context) {
  BpeTrainerOptions options;
  options.vocab_size = static_cast<int>(recipe.vocab_size);
  options.n_threads = context.pool.size();
  options.cancel = context.cancel;
  options.progress = [&](const BpeTrainerProgress& at) {
    Say(context, at.stage == BpeTrainerProgress::Stage::kReading
                     ? fmt::format("tokenizer: {} of text read",
                                   FormatBytes(static_cast<double>(at.bytes_read)))
                     : fmt::format("tokenizer: {} of {} merges", at.merges_done, at.merges_total));
  };
  TextSequence texts(recipe.sources);
  Vocabulary vocabulary = TrainBpe([&] { return texts.Next(); }, options);
  vocabulary.add_bos = true;  // documents begin with the end-of-text token in training too
  return vocabulary;
}

uint64_t Fnv1a(std::string_view text, uint64_t hash = 0xCBF29CE484222325u) {
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3u;
  return hash;
}

uint64_t Fingerprint(const SourceRecipe& source, const Tokenizer& tokenizer) {
  const bool single = fs::is_regular_file(source.path);
  const auto changed = fs::last_write_time(source.path).time_since_epoch().count();
  uint64_t hash = Fnv1a(fmt::format("{}|{}|{}|{}|{}", source.path.string(),
                                    single ? fs::file_size(source.path) : 0, changed,
                                    static_cast<int>(source.kind), source.max_mb));
  for (const std::string& token : tokenizer.vocabulary().tokens) hash = Fnv1a(token + "\n", hash);
  for (const std::string& merge : tokenizer.vocabulary().merges) hash = Fnv1a(merge + "\n", hash);
  return hash;
}

// Encodes the documents on all threads and writes them in their order.
void EncodeBatch(const DocumentEncoder& encoder, const std::vector<Document>& documents,
                 ThreadPool& pool, TokenShardWriter& writer) {
  std::vector<EncodedDocument> encoded(documents.size());
  pool.ParallelFor(static_cast<int64_t>(documents.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) encoded[i] = encoder.Encode(documents[i]);
  });
  for (const EncodedDocument& document : encoded) writer.Add(document);
}

void WriteShard(const SourceRecipe& source, const Tokenizer& tokenizer, const fs::path& path,
                uint64_t fingerprint, const PrepareContext& context) {
  const DocumentEncoder encoder(tokenizer, source.kind == SourceKind::kDialogue);
  TokenShardWriter writer(path, tokenizer.size(), fingerprint);
  LimitedReader reader(source);
  std::vector<Document> batch;
  size_t batch_bytes = 0;
  const auto flush = [&] {
    context.cancel.Check();
    EncodeBatch(encoder, batch, context.pool, writer);
    batch.clear();
    batch_bytes = 0;
    Say(context, fmt::format("{}: {:.1f} M tokens", source.path.filename().string(),
                             static_cast<double>(writer.n_tokens()) * 1e-6));
  };
  while (std::optional<Document> document = reader.Next()) {
    batch_bytes += TextBytes(*document);
    batch.push_back(std::move(*document));
    if (batch_bytes >= kBatchBytes) flush();
  }
  flush();
  writer.Finish();
}

}  // namespace

std::unique_ptr<Tokenizer> PrepareTokenizer(const TrainRecipe& recipe, const RunFolder& folder,
                                            const PrepareContext& context) {
  if (!fs::exists(folder.tokenizer())) {
    const Vocabulary vocabulary = recipe.tokenizer.file.empty()
                                      ? TrainVocabulary(recipe.tokenizer, context)
                                      : LoadVocabulary(*GgufFile::Open(recipe.tokenizer.file));
    GgufWriter writer;
    writer.SetString("general.architecture", "llama");
    SaveVocabulary(vocabulary, writer);
    writer.Finish(folder.tokenizer());
  }
  return MakeTokenizer(LoadVocabulary(*GgufFile::Open(folder.tokenizer())));
}

std::shared_ptr<const TokenShard> PrepareSource(const SourceRecipe& source,
                                                const Tokenizer& tokenizer, const RunFolder& folder,
                                                const PrepareContext& context) {
  if (!fs::exists(source.path)) {
    Fail(ErrorCode::kNotFound, "there is no source {}", source.path.string());
  }
  const uint64_t fingerprint = Fingerprint(source, tokenizer);
  fs::create_directories(folder.data());
  const fs::path path = folder.data() / fmt::format("{:016x}.tokens", fingerprint);
  if (!fs::exists(path)) WriteShard(source, tokenizer, path, fingerprint, context);
  return std::make_shared<const TokenShard>(path, tokenizer.size());
}

}  // namespace pioneer

// The searchers that are judged: this program's, and SQLite's FTS5 as it comes.
#include <cctype>
#include <unordered_set>

#include "base/error.h"
#include "eval/search_eval.h"
#include "search/index/index_library.h"
#include "store/database.h"
#include "store/full_text.h"
#include "train/language_tag.h"

namespace pioneer::eval {
namespace {

search::Document MakeDocument(const SearchPassage& passage) {
  search::Document document;
  document.uri = passage.id;
  document.title = passage.title.empty() ? passage.id : passage.title;
  document.media_type = "text/plain";
  const LanguageTag tag = TagLanguage(passage.text);
  if (tag != LanguageTag::kOther) document.language = LanguageTagName(tag);
  std::string_view rest = passage.text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    if (end > 0) {
      search::Block block;
      block.text = rest.substr(0, end);
      document.blocks.push_back(std::move(block));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return document;
}

class PioneerSearcher : public Searcher {
 public:
  PioneerSearcher(const SearchSet& set, const std::filesystem::path& folder,
                  std::shared_ptr<search::Embedder> embedder, const CancelToken& cancel)
      : name_(embedder ? "with vectors" : "pioneer"),
        library_({folder.string(), std::move(embedder)}, MakeReader(set)),
        cancel_(cancel) {
    search::NewSource source;
    source.settings.location = folder.string();
    const std::string id = library_.Add(source).id;
    library_.Start();
    AwaitReading(id);
    AwaitVectors();
    library_.Stop();
  }
  std::string name() const override { return name_; }

  std::vector<std::string> Search(const std::string& question) override {
    search::RetrievalQuery query;
    query.queries = {question};
    query.limit = 3 * kSearchDepth;  // several may be of one document
    std::vector<std::string> ids;
    std::unordered_set<std::string> seen;
    for (const search::RankedPassage& found : library_.retriever().Retrieve(query, cancel_)) {
      if (ids.size() < kSearchDepth && seen.insert(found.passage.uri).second) {
        ids.push_back(found.passage.uri);
      }
    }
    return ids;
  }

  search::Retriever* retriever() override { return &library_.retriever(); }

 private:
  void AwaitReading(const std::string& id) {
    for (int64_t seen = -1;;) {
      const std::optional<search::Source> now = library_.Find(id);
      if (now && now->job && now->job->state == search::JobState::kDone) return;
      if (now && now->job && now->job->state == search::JobState::kFailed) {
        Fail(ErrorCode::kInternal, "indexing failed: {}", now->job->error);
      }
      cancel_.Check();
      seen = library_.AwaitChange(seen, 200);
    }
  }
  void AwaitVectors() {
    for (int64_t seen = -1;;) {
      const std::optional<search::VectorProgress> now = library_.State().vectors;
      if (!now || now->done >= now->total) return;
      if (!now->problem.empty()) Fail(ErrorCode::kInternal, "no vectors: {}", now->problem);
      cancel_.Check();
      seen = library_.AwaitChange(seen, 200);
    }
  }

  static search::SourceReader MakeReader(const SearchSet& set) {
    return
        [&set](const search::SourceSettings&, search::SourceSink& sink, const CancelToken& cancel) {
          for (const SearchPassage& passage : set.passages) {
            cancel.Check();
            sink.OnDocument(MakeDocument(passage), "1");
          }
        };
  }

  const std::string name_;
  search::IndexLibrary library_;
  CancelToken cancel_;
};

// The words of a question as a program without an analyzer would cut them.
std::string AnyOfTheWords(const std::string& question) {
  std::string match, word;
  const auto end_word = [&] {
    if (!word.empty()) match += (match.empty() ? "" : " OR ") + QuoteTerm(word);
    word.clear();
  };
  for (const char c : question) {
    const auto byte = static_cast<unsigned char>(c);
    byte >= 0x80 || std::isalnum(byte) ? word.push_back(c) : end_word();
  }
  end_word();
  return match;
}

const SchemaSteps& PlainSchema() {
  static const SchemaSteps kSteps = {
      {"CREATE VIRTUAL TABLE passage USING fts5(id UNINDEXED, title, text)"}};
  return kSteps;
}

class PlainSearcher : public Searcher {
 public:
  PlainSearcher(const SearchSet& set, const std::filesystem::path& folder)
      : database_(folder / "plain.db", {PlainSchema(), nullptr, false}) {
    Transaction transaction(database_);
    for (const SearchPassage& passage : set.passages) {
      database_.Run("INSERT INTO passage (id, title, text) VALUES (?, ?, ?)", passage.id,
                    passage.title, passage.text);
    }
    transaction.Commit();
  }
  std::string name() const override { return "fts5"; }

  std::vector<std::string> Search(const std::string& question) override {
    const std::string match = AnyOfTheWords(question);
    std::vector<std::string> ids;
    if (match.empty()) return ids;
    Statement row = database_.Query(
        "SELECT id FROM passage WHERE passage MATCH ? ORDER BY bm25(passage) LIMIT ?", match,
        int64_t{kSearchDepth});
    while (row.Step()) ids.push_back(row.Text(0));
    return ids;
  }

 private:
  Database database_;
};

}  // namespace

std::unique_ptr<Searcher> MakePioneerSearcher(const SearchSet& set,
                                              const std::filesystem::path& folder,
                                              std::shared_ptr<search::Embedder> embedder,
                                              const CancelToken& cancel) {
  return std::make_unique<PioneerSearcher>(set, folder, std::move(embedder), cancel);
}

std::unique_ptr<Searcher> MakePlainSearcher(const SearchSet& set,
                                            const std::filesystem::path& folder) {
  return std::make_unique<PlainSearcher>(set, folder);
}

}  // namespace pioneer::eval

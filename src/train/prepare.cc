#include "train/prepare.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "model/gguf.h"
#include "model/vocabulary.h"
#include "train/clean_pipeline.h"
#include "train/clean_tokens.h"
#include "train/source_package.h"

namespace pioneer {
namespace {

// What decides how a source is cleaned: all but its share and limit.
Json CleanKey(const SourceRecipe& source) {
  Json key = SourceToJson(source);
  key.erase("weight");
  key.erase("max_mb");
  return key;
}

// A source as it is cleaned: once, up to the largest limit that any stage has for it.
struct CleanSource {
  SourceRecipe recipe;
  Json key;
  double max_mb = 0;  // 0 = all
  std::string file;   // the beginning of its files' names: "00-books_en"
};

std::string ShardName(const std::string& file, double max_mb, bool held_out) {
  const std::string limit = max_mb > 0 ? fmt::format(".{}mb", max_mb) : "";
  return fmt::format("{}{}.{}.tokens", file, limit, held_out ? "held-out" : "train");
}

CleanFiles CleanFilesOf(const DataFolder& data, const CleanSource& source) {
  return {data.clean() / (source.file + ".train.jsonl.zst"),
          data.clean() / (source.file + ".held-out.jsonl.zst")};
}

bool SamePlace(const SourceRecipe& a, const SourceRecipe& b) {
  return a.path == b.path && a.package == b.package && a.kind == b.kind && a.field == b.field;
}

// What one of them keeps would be dropped from the other as copies, unless their languages differ.
void RefuseOverlap(const SourceRecipe& a, const SourceRecipe& b) {
  const auto in_b = [&](LanguageTag tag) {
    return std::find(b.languages.begin(), b.languages.end(), tag) != b.languages.end();
  };
  const bool apart = !a.languages.empty() && !b.languages.empty() &&
                     std::none_of(a.languages.begin(), a.languages.end(), in_b);
  if (apart) return;
  Fail(ErrorCode::kInvalidArgument,
       "{} is a source twice, with other \"languages\" or another \"clean\"; give it the same in "
       "all stages, or languages that do not overlap",
       a.name());
}

// A tokenizer learns from what the stages keep of a source, where they name it too.
std::vector<CleanSource> CleanSourcesOf(const TrainRecipe& recipe) {
  std::vector<CleanSource> all;
  const auto add = [&](const SourceRecipe& source, bool for_tokenizer) {
    const Json key = CleanKey(source);
    for (CleanSource& known : all) {
      if (known.key == key && known.max_mb > 0) {
        known.max_mb = source.max_mb == 0 ? 0 : std::max(known.max_mb, source.max_mb);
      }
      if (known.key == key || (for_tokenizer && SamePlace(known.recipe, source))) return;
      if (SamePlace(known.recipe, source)) RefuseOverlap(known.recipe, source);
    }
    all.push_back({source, key, source.max_mb, fmt::format("{:02}-{}", all.size(), source.name())});
  };
  for (const StageRecipe& stage : recipe.stages) {
    for (const SourceRecipe& source : stage.sources) add(source, false);
  }
  for (const SourceRecipe& source : recipe.tokenizer.sources) add(source, true);
  return all;
}

InputFile DescribeFile(const fs::path& path, const std::string& name) {
  return {name, static_cast<int64_t>(fs::file_size(path)), Sha256OfFile(path)};
}

// A file as it was when it was read: path, size, time of change.
Json StampOf(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  const auto changed = fs::last_write_time(path, error).time_since_epoch().count();
  return error ? Json(nullptr) : Json{path.string(), size, changed};
}

// The part of a recipe that decides the data.
Json DataRecipe(const TrainRecipe& recipe) {
  const Json all = RecipeToJson(recipe);
  Json data = {{"origin", recipe.origin},
               {"tokenizer", all.at("tokenizer")},
               {"decontaminate", all.at("decontaminate")},
               {"held_out_share", recipe.validation_share},
               {"stages", Json::array()}};
  for (const Json& stage : all.at("stages")) data["stages"].push_back(stage.at("sources"));
  return data;
}

// Removes what an earlier preparation left, and nothing else: the folder is the user's.
void ClearOwnFiles(const DataFolder& data) {
  const auto is_ours = [](const fs::path& path) {
    const std::string name = path.filename().string();
    const bool numbered = name.size() > 3 && std::isdigit(static_cast<uint8_t>(name[0])) != 0 &&
                          std::isdigit(static_cast<uint8_t>(name[1])) != 0;
    return numbered && (name.ends_with(".tokens") || name.ends_with(".train.jsonl.zst") ||
                        name.ends_with(".held-out.jsonl.zst"));
  };
  for (const fs::path& folder : {data.root, data.clean()}) {
    std::vector<fs::path> ours;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.is_regular_file() && is_ours(entry.path())) ours.push_back(entry.path());
    }
    for (const fs::path& path : ours) fs::remove(path);
  }
  for (const fs::path& path : {data.state(), data.manifest(), data.examples()}) fs::remove(path);
}

// A use of a cleaned source that wants all of it needs no limit: text was counted when it was kept.
SourceRecipe LimitedUse(const SourceRecipe& use, const CleanSource& source) {
  SourceRecipe limited = use;
  if (use.max_mb == source.max_mb) limited.max_mb = 0;
  return limited;
}

// One preparation of all data.
class PrepareSteps {
 public:
  PrepareSteps(const TrainRecipe& recipe, const RunFolder& folder, const PrepareContext& context)
      : recipe_(recipe),
        folder_(folder),
        data_(folder),
        context_(context),
        sources_(CleanSourcesOf(recipe)) {
    parts_.origin = recipe.origin;
    parts_.held_out_share = recipe.validation_share;
  }

  void Run() {
    fs::create_directories(data_.clean());
    ClearOwnFiles(data_);
    CleanAll();
    MakeVocabulary();
    MakeShards();
    WriteFileAtomically(data_.manifest(), MakeLineage(parts_).dump(1) + "\n");
    Json files = Json::array();
    for (const CleanSource& source : sources_) {
      files.push_back({{"key", source.key}, {"file", source.file}});
    }
    WriteFileAtomically(
        data_.state(),
        DumpJson(Json{{"recipe", DataRecipe(recipe_)}, {"inputs", inputs_}, {"sources", files}}));
  }

 private:
  void CleanAll() {
    EvaluationOverlap overlap;
    for (const fs::path& path : recipe_.decontaminate) {
      overlap.AddFile(path);
      parts_.evaluation_sets.push_back(DescribeFile(path, path.filename().string()));
      inputs_.push_back(StampOf(path));
    }
    const CleanContext context{context_.pool, context_.cancel, context_.on_status,
                               recipe_.validation_share};
    SourceCleaner cleaner(context, overlap);
    for (const CleanSource& source : sources_) {
      parts_.sources.push_back(CleanOne(source, cleaner));
    }
    std::string lines;
    for (const DroppedExample& example : cleaner.examples()) {
      lines += DumpJson(Json{{"source", example.source},
                             {"file", example.file},
                             {"reason", example.reason},
                             {"text", example.text}}) +
               "\n";
    }
    WriteFileAtomically(data_.examples(), lines);
  }

  SourceReport CleanOne(const CleanSource& source, SourceCleaner& cleaner) {
    context_.Say(source.recipe.name() + ": looking for files");
    std::string version;
    std::vector<SourceFile> files;
    if (source.recipe.package.empty()) {
      files = FindSourceFiles(source.recipe.path);
    } else {
      const SourcePackage package =
          FindPackage(source.recipe.package, PioneerCache() / "packages", context_.cancel);
      version = package.version;
      files = PackageFiles(package, source.recipe.path.generic_string());
    }
    std::vector<InputFile> described;
    for (const SourceFile& file : files) {
      context_.cancel.Check();
      described.push_back(DescribeFile(file.path, file.name));
      inputs_.push_back(StampOf(file.path));
    }
    SourceReport report =
        cleaner.Clean(source.recipe, source.max_mb, files, CleanFilesOf(data_, source));
    report.recipe = source.key;
    if (source.recipe.package.empty()) report.recipe.erase("path");  // wherever it lies
    report.recipe["max_mb"] = source.max_mb;
    report.package_version = version;
    report.files = std::move(described);
    return report;
  }

  const CleanSource& Find(const SourceRecipe& source) const {
    const Json key = CleanKey(source);
    return *std::find_if(sources_.begin(), sources_.end(),
                         [&](const CleanSource& known) { return known.key == key; });
  }

  void MakeVocabulary() {
    Vocabulary vocabulary;
    if (recipe_.tokenizer.file.empty()) {
      std::vector<CleanText> texts;
      for (const SourceRecipe& source : recipe_.tokenizer.sources) {
        for (const CleanSource& clean : sources_) {
          if (!SamePlace(clean.recipe, source)) continue;
          texts.push_back({CleanFilesOf(data_, clean).train, LimitedUse(source, clean)});
        }
      }
      vocabulary = TrainVocabulary(recipe_.tokenizer.vocab_size, std::move(texts), context_);
    } else {
      vocabulary = LoadVocabulary(*GgufFile::Open(recipe_.tokenizer.file));
      inputs_.push_back(StampOf(recipe_.tokenizer.file));
    }
    GgufWriter writer;
    writer.SetString("general.architecture", "llama");
    SaveVocabulary(vocabulary, writer);
    writer.Finish(folder_.tokenizer());
    parts_.tokenizer_sha256 = Sha256OfFile(folder_.tokenizer());
  }

  void MakeShards() {
    const auto tokenizer = MakeTokenizer(LoadVocabulary(*GgufFile::Open(folder_.tokenizer())));
    for (const StageRecipe& stage : recipe_.stages) {
      for (const SourceRecipe& use : stage.sources) {
        for (const bool held_out : {false, true}) MakeShard(use, held_out, *tokenizer);
      }
    }
  }

  void MakeShard(const SourceRecipe& use, bool held_out, const Tokenizer& tokenizer) {
    const CleanSource& source = Find(use);
    const std::string name = ShardName(source.file, use.max_mb, held_out);
    if (fs::exists(data_.root / name)) return;  // another stage's too
    const auto& report = parts_.sources[static_cast<size_t>(&source - sources_.data())];
    const CleanFiles text = CleanFilesOf(data_, source);
    const uint64_t fingerprint =
        Fnv1a(report.train_sha256 + report.held_out_sha256 + parts_.tokenizer_sha256 + name);
    const CleanText used{held_out ? text.held_out : text.train, LimitedUse(use, source)};
    ShardReport shard = WriteShard(used, tokenizer, data_.root / name, fingerprint, context_);
    shard.source = source.file;
    shard.held_out = held_out;
    parts_.shards.push_back(std::move(shard));
  }

  const TrainRecipe& recipe_;
  const RunFolder& folder_;
  DataFolder data_;
  const PrepareContext& context_;
  std::vector<CleanSource> sources_;
  LineageParts parts_;
  Json inputs_ = Json::array();
};

bool IsPrepared(const TrainRecipe& recipe, const RunFolder& folder) {
  const DataFolder data(folder);
  if (!fs::exists(data.state()) || !fs::exists(folder.tokenizer())) return false;
  const Json state = ParseJson(ReadFile(data.state()));
  if (state.value("recipe", Json()) != DataRecipe(recipe)) return false;
  if (fs::exists(folder.checkpoint())) return true;  // a run that began keeps what it was made of
  const Json inputs = state.value("inputs", Json::array());
  return std::all_of(inputs.begin(), inputs.end(), [](const Json& stamp) {
    if (!stamp.is_array()) return false;
    const Json now = StampOf(stamp.at(0).get<std::string>());
    return now.is_null() || now == stamp;
  });
}

}  // namespace

void PrepareData(const TrainRecipe& recipe, const RunFolder& folder,
                 const PrepareContext& context) {
  if (IsPrepared(recipe, folder)) return;
  if (fs::exists(DataFolder(folder).state()) && fs::exists(folder.checkpoint())) {
    Fail(ErrorCode::kInvalidArgument,
         "the recipe of the run in {} asks for other data than it began with; start a new run in "
         "another folder",
         folder.root.string());
  }
  PrepareSteps(recipe, folder, context).Run();
}

std::unique_ptr<Tokenizer> OpenTokenizer(const RunFolder& folder) {
  return MakeTokenizer(LoadVocabulary(*GgufFile::Open(folder.tokenizer())));
}

SourceShards OpenSource(const SourceRecipe& source, const Tokenizer& tokenizer,
                        const RunFolder& folder) {
  const DataFolder data(folder);
  const Json state = ParseJson(ReadFile(data.state()));
  for (const Json& entry : state.at("sources")) {
    if (entry.at("key") != CleanKey(source)) continue;
    const std::string file = entry.at("file");
    const auto shard = [&](bool held_out) {
      return std::make_shared<const TokenShard>(
          data.root / ShardName(file, source.max_mb, held_out), tokenizer.size());
    };
    return {shard(false), shard(true)};
  }
  Fail(ErrorCode::kInvalidArgument, "the data in {} was made without the source {}",
       data.root.string(), source.name());
}

std::string ReadLineage(const RunFolder& folder) {
  const DataFolder data(folder);
  if (!fs::exists(data.manifest())) return "";
  return ParseJson(ReadFile(data.manifest())).value("lineage", "");
}

}  // namespace pioneer

#include "train/recipe.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "train/import.h"
#include "train/json_fields.h"
#include "train/recipe_file.h"
#include "train/source_stream.h"

namespace pioneer {
namespace {

const std::vector<std::string> kKinds = {"text", "dialogue", "pairs"};
const std::vector<std::string> kSchedules = {"cosine", "linear", "constant"};
const std::vector<std::string> kMasks = {"all", "assistant"};
const std::vector<std::string> kOptimizers = {"adamw", "muon"};
const std::vector<std::string> kPrecisions = {"auto", "f32", "bf16"};
constexpr int64_t kMaxSteps = int64_t{1} << 40;

fs::path AbsolutePath(const std::string& path, const fs::path& folder) {
  return fs::absolute(folder / path).lexically_normal();
}

std::vector<std::string> ParseStrings(JsonFields& fields, const std::string& key) {
  const Json* list = fields.Child(key);
  if (list == nullptr) return {};
  const bool ok = list->is_array() && std::all_of(list->begin(), list->end(), [](const Json& item) {
                    return item.is_string() && !item.get_ref<const std::string&>().empty();
                  });
  if (!ok)
    Fail(ErrorCode::kInvalidArgument, "{} must be a list of texts that are not empty",
         fields.PathOf(key));
  return list->get<std::vector<std::string>>();
}

std::vector<LanguageTag> ParseLanguages(JsonFields& fields) {
  std::vector<LanguageTag> languages;
  for (const std::string& word : ParseStrings(fields, "languages")) {
    int tag = 0;
    while (tag < kLanguageTags && word != LanguageTagName(static_cast<LanguageTag>(tag))) ++tag;
    if (tag == kLanguageTags) {
      Fail(ErrorCode::kInvalidArgument, "{}: \"{}\" is none of en, ko, ja, code, other",
           fields.PathOf("languages"), word);
    }
    languages.push_back(static_cast<LanguageTag>(tag));
  }
  std::sort(languages.begin(), languages.end());
  return languages;
}

// Of a package, the path says which part of it; it stays inside.
fs::path PathInPackage(const std::string& path, const std::string& key) {
  if (path.empty()) return {};
  const fs::path part = (fs::path(path) / ".").lexically_normal().parent_path();
  if (part.is_absolute() || part.string().starts_with("..")) {
    Fail(ErrorCode::kInvalidArgument,
         "{}: of a package, a path below its root is meant, such as "
         "usr/share/doc",
         key);
  }
  return part;
}

SourceRecipe ParseSource(const Json& json, const std::string& path, const fs::path& folder) {
  JsonFields fields(json, path);
  SourceRecipe source;
  const std::string file = fields.String("path", "");
  source.package = fields.String("package", "");
  if (file.empty() && source.package.empty()) {
    Fail(ErrorCode::kInvalidArgument, "{} is missing; or name a \"package\"",
         fields.PathOf("path"));
  }
  source.path = source.package.empty() ? AbsolutePath(file, folder)
                                       : PathInPackage(file, fields.PathOf("path"));
  source.kind = static_cast<SourceKind>(fields.Choice("kind", kKinds, 0));
  source.field = fields.String("field", source.field);
  source.languages = ParseLanguages(fields);
  source.clean = fields.Bool("clean", true);
  source.weight = fields.Number("weight", 1, 1e-6, 1e6);
  source.max_mb = fields.Number("max_mb", 0, 0, 1e9);
  fields.Finish();
  return source;
}

std::vector<SourceRecipe> ParseSources(JsonFields& fields, const fs::path& folder) {
  const Json* list = fields.Child("sources");
  if (list == nullptr || !list->is_array() || list->empty()) {
    Fail(ErrorCode::kInvalidArgument, "{} must be a list of at least one source",
         fields.PathOf("sources"));
  }
  std::vector<SourceRecipe> sources;
  for (size_t i = 0; i < list->size(); ++i) {
    const std::string path = fmt::format("{}[{}]", fields.PathOf("sources"), i);
    sources.push_back(ParseSource((*list)[i], path, folder));
  }
  return sources;
}

LlamaShape ParseModel(const Json& json) {
  JsonFields fields(json, "model");
  LlamaShape shape;
  shape.d_model = fields.Int("d_model", shape.d_model, 8, 1 << 15);
  shape.n_layers = fields.Int("n_layers", shape.n_layers, 1, 1024);
  shape.n_heads = fields.Int("n_heads", shape.n_heads, 1, 1024);
  shape.n_kv_heads = fields.Int("n_kv_heads", shape.n_heads, 1, 1024);
  shape.head_dim = fields.Int("head_dim", shape.d_model / shape.n_heads, 2, 1024);
  shape.d_ff = fields.Int("d_ff", shape.d_ff, 8, 1 << 17);
  shape.context = fields.Int("context", shape.context, 2, 1 << 17);
  shape.rope_base = static_cast<float>(fields.Number("rope_base", 10000, 1, 1e9));
  shape.rms_eps = static_cast<float>(fields.Number("rms_eps", 1e-5, 1e-12, 1e-1));
  shape.tied = fields.Bool("tied", true);
  shape.causal = fields.Bool("causal", true);
  fields.Finish();
  return shape;
}

TokenizerRecipe ParseTokenizer(const Json& json, const fs::path& folder) {
  JsonFields fields(json, "tokenizer");
  TokenizerRecipe tokenizer;
  const std::string file = fields.String("file", "");
  const Json* train = fields.Child("train");
  fields.Finish();
  if (file.empty() == (train == nullptr)) {
    Fail(ErrorCode::kInvalidArgument, "tokenizer needs either \"file\" or \"train\"");
  }
  if (train == nullptr) {
    tokenizer.file = AbsolutePath(file, folder);
    return tokenizer;
  }
  JsonFields training(*train, "tokenizer.train");
  tokenizer.vocab_size = training.Int("vocab_size", 6144, 264, 1 << 20);
  tokenizer.sources = ParseSources(training, folder);
  training.Finish();
  return tokenizer;
}

OptimizerOptions ParseOptimizer(const Json& json) {
  JsonFields fields(json, "optimizer");
  OptimizerOptions options;
  const auto number = [&](const char* key, float value, double min, double max) {
    return static_cast<float>(fields.Number(key, value, min, max));
  };
  options.kind = static_cast<OptimizerKind>(fields.Choice("kind", kOptimizers, 0));
  options.momentum = number("momentum", options.momentum, 0, 0.99999);
  options.beta1 = number("beta1", options.beta1, 0, 0.99999);
  options.beta2 = number("beta2", options.beta2, 0, 0.9999999);
  options.epsilon = number("epsilon", options.epsilon, 1e-16, 1);
  options.weight_decay = number("weight_decay", options.weight_decay, 0, 10);
  options.clip_norm = number("clip_norm", options.clip_norm, 0, 1e9);
  fields.Finish();
  return options;
}

void CheckOneLimit(const StageRecipe& stage, const std::string& path) {
  const int n_limits = (stage.steps > 0) + (stage.tokens > 0) + (stage.minutes > 0);
  if (n_limits == 1) return;
  Fail(ErrorCode::kInvalidArgument, "{} needs exactly one of \"steps\", \"tokens\", \"minutes\"",
       path);
}

void CheckOneKind(const StageRecipe& stage, const std::string& path) {
  const auto is_pairs = [](const SourceRecipe& source) {
    return source.kind == SourceKind::kPairs;
  };
  const auto n_pairs = std::ranges::count_if(stage.sources, is_pairs);
  if (n_pairs == 0 || n_pairs == std::ssize(stage.sources)) return;
  Fail(ErrorCode::kInvalidArgument,
       "{} has sources of pairs and of other kinds; pairs need a stage of their own", path);
}

StageRecipe ParseStage(const Json& json, size_t index, const fs::path& folder) {
  const std::string path = fmt::format("stages[{}]", index);
  JsonFields fields(json, path);
  StageRecipe stage;
  stage.name = fields.String("name", fmt::format("stage {}", index + 1));
  stage.sources = ParseSources(fields, folder);
  stage.steps = fields.Int("steps", 0, 1, kMaxSteps);
  stage.tokens = fields.Int("tokens", 0, 1, kMaxSteps);
  stage.minutes = fields.Number("minutes", 0, 1e-3, 1e7);
  CheckOneLimit(stage, path);
  CheckOneKind(stage, path);
  stage.batch_tokens = fields.Int("batch_tokens", stage.batch_tokens, 1, int64_t{1} << 28);
  stage.context = fields.Int("context", 0, 2, 1 << 17);
  stage.schedule.peak = fields.Number("lr", stage.schedule.peak, 0, 10);
  stage.schedule.warmup = fields.Number("warmup", stage.schedule.warmup, 0, 1);
  stage.schedule.kind = static_cast<ScheduleKind>(fields.Choice("schedule", kSchedules, 0));
  stage.schedule.final_share = fields.Number("final_lr_share", stage.schedule.final_share, 0, 1);
  stage.assistant_only = fields.Choice("loss_mask", kMasks, 0) == 1;
  stage.temperature = fields.Number("temperature", stage.temperature, 0.01, 1);
  fields.Finish();
  return stage;
}

Json SourcesToJson(const std::vector<SourceRecipe>& sources) {
  Json list = Json::array();
  for (const SourceRecipe& source : sources) list.push_back(SourceToJson(source));
  return list;
}

Json ModelToJson(const LlamaShape& model) {
  Json json = {{"d_model", model.d_model},
               {"n_layers", model.n_layers},
               {"n_heads", model.n_heads},
               {"n_kv_heads", model.n_kv_heads},
               {"head_dim", model.head_dim},
               {"d_ff", model.d_ff},
               {"context", model.context},
               {"rope_base", model.rope_base},
               {"rms_eps", model.rms_eps},
               {"tied", model.tied}};
  if (!model.causal) json["causal"] = false;
  return json;
}

Json StageToJson(const StageRecipe& stage) {
  Json json = {{"name", stage.name},
               {"sources", SourcesToJson(stage.sources)},
               {"batch_tokens", stage.batch_tokens},
               {"lr", stage.schedule.peak},
               {"warmup", stage.schedule.warmup},
               {"schedule", kSchedules[static_cast<size_t>(stage.schedule.kind)]},
               {"final_lr_share", stage.schedule.final_share},
               {"loss_mask", kMasks[stage.assistant_only ? 1 : 0]}};
  if (stage.learns_pairs()) json["temperature"] = stage.temperature;
  if (stage.steps > 0) json["steps"] = stage.steps;
  if (stage.tokens > 0) json["tokens"] = stage.tokens;
  if (stage.minutes > 0) json["minutes"] = stage.minutes;
  if (stage.context > 0) json["context"] = stage.context;
  return json;
}

}  // namespace

bool StageRecipe::learns_pairs() const {
  return !sources.empty() && sources.front().kind == SourceKind::kPairs;
}

std::string SourceRecipe::name() const {
  if (!package.empty()) return package;
  const fs::path file = path.has_filename() ? path : path.parent_path();
  const fs::path plain = UncompressedName(file);
  return FormatOf(file) == SourceFormat::kUnknown ? plain.string() : plain.stem().string();
}

Json SourceToJson(const SourceRecipe& source) {
  Json languages = Json::array();
  for (const LanguageTag tag : source.languages) languages.push_back(LanguageTagName(tag));
  return {{"path", source.path.string()},
          {"package", source.package},
          {"kind", kKinds[static_cast<size_t>(source.kind)]},
          {"field", source.field},
          {"languages", languages},
          {"clean", source.clean},
          {"weight", source.weight},
          {"max_mb", source.max_mb}};
}

TrainRecipe ParseRecipe(const Json& json, const fs::path& folder, const TrainRecipe* branched) {
  JsonFields fields(json, "");
  TrainRecipe recipe;
  recipe.name = fields.String("name", recipe.name);
  recipe.seed = static_cast<uint64_t>(fields.Int("seed", 1, 0, int64_t{1} << 53));
  recipe.threads = static_cast<int>(fields.Int("threads", 0, 0, 1024));
  recipe.precision = static_cast<Precision>(fields.Choice("precision", kPrecisions, 0));
  recipe.skip_outliers = fields.Number("skip_outliers", recipe.skip_outliers, 0, 1e6);
  const Json empty = Json::object();
  const auto child = [&](const char* key) -> const Json& {
    const Json* found = fields.Child(key);
    return found == nullptr ? empty : *found;
  };
  const std::string weights = fields.String("weights", "");
  if (!weights.empty()) recipe.weights = AbsolutePath(weights, folder);
  const Json& model = child("model");
  const Json& tokenizer = child("tokenizer");
  if (model.empty() && !weights.empty()) {
    recipe.model = ReadShape(recipe.weights);
  } else {
    recipe.model = model.empty() && branched != nullptr ? branched->model : ParseModel(model);
  }
  if (tokenizer.empty() && !weights.empty()) {
    recipe.tokenizer.file = recipe.weights;
  } else {
    recipe.tokenizer = tokenizer.empty() && branched != nullptr ? branched->tokenizer
                                                                : ParseTokenizer(tokenizer, folder);
  }
  recipe.optimizer = ParseOptimizer(child("optimizer"));
  recipe.origin = fields.String("origin", "");
  for (const std::string& path : ParseStrings(fields, "decontaminate")) {
    recipe.decontaminate.push_back(AbsolutePath(path, folder));
  }
  recipe.checkpoint_minutes = fields.Number("checkpoint_minutes", 5, 0, 1e6);
  JsonFields validation(child("validation"), "validation");
  recipe.validation_share = validation.Number("share", 0.01, 0, 0.5);
  recipe.validation_sequences = validation.Int("sequences", 32, 0, 1 << 20);
  recipe.validation_every_steps = validation.Int("every_steps", 100, 1, kMaxSteps);
  validation.Finish();

  JsonFields samples(child("samples"), "samples");
  recipe.sample_prompts = ParseStrings(samples, "prompts");
  samples.Finish();

  const Json& stages = child("stages");
  fields.Finish();
  if (!stages.is_array() || stages.empty()) {
    Fail(ErrorCode::kInvalidArgument, "stages must be a list of at least one stage");
  }
  for (size_t i = 0; i < stages.size(); ++i) {
    recipe.stages.push_back(ParseStage(stages[i], i, folder));
    if (!recipe.model.causal && !recipe.stages[i].learns_pairs()) {
      Fail(ErrorCode::kInvalidArgument,
           "stages[{}] predicts text, which only a causal model can; model.causal = false is for "
           "models that learn from pairs",
           i);
    }
    if (recipe.stages[i].context > recipe.model.context) {
      Fail(ErrorCode::kInvalidArgument, "stages[{}].context is {}, more than the model's {}", i,
           recipe.stages[i].context, recipe.model.context);
    }
  }
  LlamaShape shape = recipe.model;
  shape.vocab_size = 2;  // comes from the tokenizer
  CheckShape(shape);
  return recipe;
}

TrainRecipe LoadRecipe(const fs::path& path, const TrainRecipe* branched) {
  try {
    return ParseRecipe(ReadRecipeFile(path), fs::absolute(path).parent_path(), branched);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidArgument) throw;
    Fail(ErrorCode::kInvalidArgument, "the recipe {}: {}", path.string(), error.what());
  }
}

Json RecipeToJson(const TrainRecipe& recipe) {
  Json tokenizer;
  if (recipe.tokenizer.file.empty()) {
    tokenizer["train"] = {{"vocab_size", recipe.tokenizer.vocab_size},
                          {"sources", SourcesToJson(recipe.tokenizer.sources)}};
  } else {
    tokenizer["file"] = recipe.tokenizer.file.string();
  }
  Json stages = Json::array();
  for (const StageRecipe& stage : recipe.stages) stages.push_back(StageToJson(stage));
  Json decontaminate = Json::array();
  for (const fs::path& path : recipe.decontaminate) decontaminate.push_back(path.string());
  const OptimizerOptions& optimizer = recipe.optimizer;
  return {{"name", recipe.name},
          {"seed", recipe.seed},
          {"threads", recipe.threads},
          {"precision", kPrecisions[static_cast<size_t>(recipe.precision)]},
          {"skip_outliers", recipe.skip_outliers},
          {"weights", recipe.weights.string()},
          {"model", ModelToJson(recipe.model)},
          {"tokenizer", tokenizer},
          {"optimizer",
           {{"kind", kOptimizers[static_cast<size_t>(optimizer.kind)]},
            {"momentum", optimizer.momentum},
            {"beta1", optimizer.beta1},
            {"beta2", optimizer.beta2},
            {"epsilon", optimizer.epsilon},
            {"weight_decay", optimizer.weight_decay},
            {"clip_norm", optimizer.clip_norm}}},
          {"stages", stages},
          {"origin", recipe.origin},
          {"decontaminate", decontaminate},
          {"checkpoint_minutes", recipe.checkpoint_minutes},
          {"samples", {{"prompts", recipe.sample_prompts}}},
          {"validation",
           {{"share", recipe.validation_share},
            {"sequences", recipe.validation_sequences},
            {"every_steps", recipe.validation_every_steps}}}};
}

}  // namespace pioneer

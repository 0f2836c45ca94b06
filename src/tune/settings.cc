#include "tune/settings.h"

#include "base/error.h"
#include "train/json_fields.h"

namespace pioneer::tune {
namespace {

constexpr int64_t kMost = int64_t{1} << 40;

void CheckRange(const char* name, double value, double low, double high) {
  if (value >= low && value <= high) return;
  Fail(ErrorCode::kInvalidArgument, "{} is {}; it must be from {} to {}", name, value, low, high);
}

const std::vector<std::string>& PrecisionNames() {
  static const std::vector<std::string> names = {"auto", "f32", "bf16"};
  return names;
}

}  // namespace

TuneSettings Completed(TuneSettings settings) {
  const auto by_method = [&](auto sft, auto dpo, auto grpo) {
    return settings.method == Method::kSft ? sft : settings.method == Method::kDpo ? dpo : grpo;
  };
  if (settings.learning_rate == 0) settings.learning_rate = by_method(2e-4, 5e-5, 1e-4);
  if (settings.batch == 0) settings.batch = by_method(int64_t{4096}, int64_t{16}, int64_t{8});
  CheckRange("the rank", settings.rank, 1, 4096);
  CheckRange("alpha", settings.alpha, 1e-3, 1e5);
  CheckRange("the learning rate", settings.learning_rate, 1e-9, 1);
  CheckRange("the number of steps", static_cast<double>(settings.steps), 0, 1e9);
  CheckRange("the batch", static_cast<double>(settings.batch), 1, 1e7);
  CheckRange("the context", static_cast<double>(settings.context), 8, 1 << 17);
  CheckRange("beta", settings.beta, 1e-4, 10);
  CheckRange("the group", settings.group, 2, 1024);
  CheckRange("max-tokens", settings.max_tokens, 1, 1 << 17);
  CheckRange("kl", settings.kl, 0, 100);
  CheckRange("updates", settings.updates, 1, 64);
  return settings;
}

Json SettingsToJson(const TuneSettings& s) {
  return {{"method", MethodName(s.method)},
          {"model", fs::absolute(s.model).string()},
          {"data", fs::absolute(s.data).string()},
          {"rank", s.rank},
          {"alpha", s.alpha},
          {"lr", s.learning_rate},
          {"steps", s.steps},
          {"batch", s.batch},
          {"context", s.context},
          {"seed", s.seed},
          {"threads", s.threads},
          {"precision", PrecisionNames()[static_cast<size_t>(s.precision)]},
          {"checkpoint_minutes", s.checkpoint_minutes},
          {"beta", s.beta},
          {"group", s.group},
          {"max_tokens", s.max_tokens},
          {"kl", s.kl},
          {"updates", s.updates}};
}

TuneSettings SettingsFromJson(const Json& json) {
  JsonFields fields(json, "");
  TuneSettings s;
  s.method = ParseMethod(fields.String("method", "sft"));
  s.model = fields.String("model", "");
  s.data = fields.String("data", "");
  s.rank = static_cast<int>(fields.Int("rank", s.rank, 1, 4096));
  s.alpha = fields.Number("alpha", s.alpha, 0, 1e6);
  s.learning_rate = fields.Number("lr", 0, 0, 1);
  s.steps = fields.Int("steps", 0, 0, kMost);
  s.batch = fields.Int("batch", 0, 0, kMost);
  s.context = fields.Int("context", s.context, 1, kMost);
  s.seed = static_cast<uint64_t>(fields.Int("seed", 1, 0, kMost));
  s.threads = static_cast<int>(fields.Int("threads", 0, 0, 1024));
  s.precision = static_cast<Precision>(fields.Choice("precision", PrecisionNames(), 0));
  s.checkpoint_minutes = fields.Number("checkpoint_minutes", 10, 0, 1e6);
  s.beta = fields.Number("beta", s.beta, 0, 10);
  s.group = static_cast<int>(fields.Int("group", s.group, 1, 1024));
  s.max_tokens = static_cast<int>(fields.Int("max_tokens", s.max_tokens, 1, 1 << 17));
  s.kl = fields.Number("kl", s.kl, 0, 100);
  s.updates = static_cast<int>(fields.Int("updates", s.updates, 1, 64));
  fields.Finish();
  return Completed(s);
}

}  // namespace pioneer::tune

// Why: the models' own expressions, as their tokenizer.json files have them, under the names that
// GGUF files use for them.
#include <algorithm>
#include <array>

#include "base/error.h"
#include "text/pre_tokenizer.h"

// Parts that many expressions share.
#define PIONEER_ENDINGS R"((?i:'s|'t|'re|'ve|'m|'ll|'d))"
#define PIONEER_SPACES R"(|\s*[\r\n]+|\s+(?!\S)|\s+)"
#define PIONEER_WORD R"([^\r\n\p{L}\p{N}]?\p{L}+)"
#define PIONEER_SYMBOLS R"(| ?[^\s\p{L}\p{N}]+[\r\n]*)"
#define PIONEER_UPPER R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])"
#define PIONEER_LOWER R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])"
// Words that are cut where small letters end and capital ones begin; ENDING may follow.
#define PIONEER_CASED_WORD(ENDING)                                   \
  R"([^\r\n\p{L}\p{N}]?)" PIONEER_UPPER "*" PIONEER_LOWER "+" ENDING \
  R"(|[^\r\n\p{L}\p{N}]?)" PIONEER_UPPER "+" PIONEER_LOWER "*" ENDING
#define PIONEER_ASCII_WORD R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+)"

namespace pioneer {
namespace {

using Expression = std::string_view;

constexpr Expression kGpt2Words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr Expression kDigit = R"(\p{N})";
constexpr Expression kThreeDigits = R"(\p{N}{1,3})";
constexpr Expression kHanAndKana = R"([\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)";
constexpr Expression kDeepSeekHan = R"([\x{4E00}-\x{9FA5}\x{0800}-\x{4E00}\x{AC00}-\x{D7FF}]+)";

constexpr Expression kGpt2[] = {kGpt2Words};
constexpr Expression kStarcoder[] = {kDigit, kGpt2Words};
// What files without a name are read with, as llama.cpp does it.
constexpr Expression kDefault[] = {R"([\p{P}\$\+<=>\^~\|]+)", kGpt2Words, R"(\p{N}+)",
                                   "[0-9][0-9][0-9]"};
constexpr Expression kFalcon[] = {R"([\p{P}\$\+<=>\^~\|`]+)", kGpt2Words, "[0-9][0-9][0-9]"};
constexpr Expression kLlama3[] = {PIONEER_ENDINGS "|" PIONEER_WORD
                                                  R"(|\p{N}{1,3})" PIONEER_SYMBOLS PIONEER_SPACES};
constexpr Expression kQwen2[] = {PIONEER_ENDINGS "|" PIONEER_WORD
                                                 R"(|\p{N})" PIONEER_SYMBOLS PIONEER_SPACES};
constexpr Expression kLaguna[] = {R"([^\n]+|[\n]+)", kQwen2[0]};
constexpr Expression kQwen35[] = {
    PIONEER_ENDINGS
    R"(|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*)" PIONEER_SPACES};
constexpr Expression kWithoutEndings[] = {PIONEER_WORD R"(|\p{N})" PIONEER_SYMBOLS PIONEER_SPACES};
constexpr Expression kSeedCoder[] = {
    PIONEER_ENDINGS "|" PIONEER_WORD R"(|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+)" PIONEER_SPACES};
constexpr Expression kBailing[] = {R"('(?i:[sdmt]|ll|ve|re)|)" PIONEER_WORD
                                   R"(|\p{N})" PIONEER_SYMBOLS R"(|\s*[\r\n]|\s+(?!\S)|\s+)"};
constexpr Expression kExaoneMoe[] = {PIONEER_ENDINGS
                                     R"(|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N})"
                                     R"(| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+)"};
constexpr Expression kMiniCpm5[] = {
    kThreeDigits, PIONEER_ENDINGS "|" PIONEER_WORD R"(|\p{N}+)" PIONEER_SYMBOLS PIONEER_SPACES};
constexpr Expression kJais2[] = {
    PIONEER_ENDINGS "|" PIONEER_WORD R"(|\p{N}{1,3})" PIONEER_SYMBOLS
                    R"(|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S))"
                    R"(|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1})"};

constexpr Expression kO200k[] = {PIONEER_CASED_WORD(
    PIONEER_ENDINGS "?") R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" PIONEER_SPACES};
constexpr Expression kTinyAya[] = {PreTokenizer::kWholeNumberGroups, kO200k[0]};
constexpr Expression kTekken[] = {
    PIONEER_CASED_WORD("") R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" PIONEER_SPACES};
constexpr Expression kYoutu[] = {
    R"([\x{AC00}-\x{D7A3}\x{3131}-\x{318E}]+)"
    R"(|[\x{FF01}\x{2026}\x{201C}\x{201D}\x{2018}\x{2019}\x{2014}\x{FF1A}\x{FF1B}\x{FF0C})"
    R"(\x{3001}-\x{303F}\x{FE30}-\x{FE4F}]+|[\x{3105}-\x{312F}]+)"
    R"(|[\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)",
    PIONEER_CASED_WORD(PIONEER_ENDINGS "?") R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" PIONEER_SPACES};
#define PIONEER_NO_HAN(SET) "[" SET R"(&&[^\p{Han}]])"
constexpr Expression kKimiK2[] = {
    R"([\p{Han}]+|[^\r\n\p{L}\p{N}]?)" PIONEER_NO_HAN(PIONEER_UPPER) "*" PIONEER_NO_HAN(
        PIONEER_LOWER) "+" PIONEER_ENDINGS
                       "?"
                       R"(|[^\r\n\p{L}\p{N}]?)" PIONEER_NO_HAN(PIONEER_UPPER) "+" PIONEER_NO_HAN(
                           PIONEER_LOWER) "*" PIONEER_ENDINGS
                                          "?"
                                          R"(|\p{N}{1,3})" PIONEER_SYMBOLS PIONEER_SPACES};

// Every cased letter of the Unicode version that DeepSeek's expression was written for.
constexpr Expression kDeepSeekLetters =
    R"(\s?[A-Za-z\x{B5}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1BA}\x{1BC}-\x{1BF}\x{1C4}-\x{293})"
    R"(\x{295}-\x{2AF}\x{370}-\x{373}\x{376}\x{377}\x{37B}-\x{37D}\x{37F}\x{386}\x{388}-\x{38A})"
    R"(\x{38C}\x{38E}-\x{3A1}\x{3A3}-\x{3F5}\x{3F7}-\x{481}\x{48A}-\x{52F}\x{531}-\x{556})"
    R"(\x{10A0}-\x{10C5}\x{13A0}-\x{13F5}\x{13F8}-\x{13FD}\x{1C90}-\x{1CBA}\x{1CBD}-\x{1CBF})"
    R"(\x{1D00}-\x{1D2B}\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A}\x{1E00}-\x{1F15}\x{1F18}-\x{1F1D})"
    R"(\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D}\x{1F50}-\x{1F57}\x{1F59}\x{1F5B}\x{1F5D}\x{1F5F}-)"
    R"(\x{1F7D}\x{1F80}-\x{1FB4}\x{1FB6}-\x{1FBC}\x{1FBE}\x{1FC2}-\x{1FC4}\x{1FC6}-\x{1FCC})"
    R"(\x{1FD0}-\x{1FD3}\x{1FD6}-\x{1FDB}\x{1FE0}-\x{1FEC}\x{1FF2}-\x{1FF4}\x{1FF6}-\x{1FFC})"
    R"(\x{2102}\x{2107}\x{210A}-\x{2113}\x{2115}\x{2119}-\x{211D}\x{2124}\x{2126}\x{2128})"
    R"(\x{212A}-\x{212D}\x{212F}-\x{2134}\x{2139}\x{213C}-\x{213F}\x{2145}-\x{2149}\x{214E})"
    R"(\x{2183}\x{2184}\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4}\x{2CEB}-\x{2CEE}\x{2CF2}\x{2CF3})"
    R"(\x{A640}-\x{A66D}\x{A680}-\x{A69B}\x{A722}-\x{A76F}\x{A771}-\x{A787}\x{A78B}-\x{A78E})"
    R"(\x{AB70}-\x{ABBF}\x{FB00}-\x{FB06}\x{FB13}-\x{FB17}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A})"
    R"(\x{10400}-\x{1044F}\x{104B0}-\x{104D3}\x{104D8}-\x{104FB}\x{10C80}-\x{10CB2})"
    R"(\x{10CC0}-\x{10CF2}\x{118A0}-\x{118DF}\x{1E900}-\x{1E943}]+)";
constexpr Expression kDeepSeekLlm[] = {
    R"([\r\n])",
    kDeepSeekLetters,
    R"(\s?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F}\x{3000}-\x{3002}]+)",
    R"(\s+$)",
    kDeepSeekHan,
    R"(\p{N}+)"};
constexpr Expression kDeepSeekCoder[] = {R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", kDeepSeekHan,
                                         kDigit};
constexpr Expression kDeepSeek3[] = {
    kThreeDigits, kHanAndKana,
    PIONEER_ASCII_WORD
    R"(|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*)" PIONEER_SPACES};
constexpr Expression kSpark[] = {
    kThreeDigits, kHanAndKana,
    PIONEER_ASCII_WORD
    R"(|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+|[\r\n]|\s+(?!\S)|\s+)",
    kDigit};
constexpr Expression kAfmoe[] = {
    R"(\p{N}+)", PreTokenizer::kDigitGroups,
    R"([\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{F900}-\x{FAFF}\x{3040}-\x{309F}\x{30A0}-\x{30FF})"
    R"(\x{FF65}-\x{FF9F}\x{2F00}-\x{2FDF}\x{0E40}-\x{0E7F}\x{0E80}-\x{0EFF}\x{1780}-\x{17FF})"
    R"(\x{1000}-\x{109F}\x{AA60}-\x{AA7F}\x{A9E0}-\x{A9FF}\x{AC00}-\x{D7AF}\x{1100}-\x{11FF}]+)",
    kDeepSeek3[2]};
constexpr Expression kSuperBpe[] = {R"(\p{N}+)", PreTokenizer::kDigitGroups};
constexpr Expression kBloom[] = {
    R"( ?[^(\s|.,!?\x{2026}\x{3002}\x{FF0C}\x{3001}\x{0964}\x{06D4}\x{060C})]+)"};
constexpr Expression kViking[] = {kBloom[0], kDigit};
constexpr Expression kChameleon[] = {
    "<sentinel:[0-9]+>",       "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z",
    R"([\t\n]|    |  )",       kDigit,
    R"([\p{P}!-/:-@\[-`{-~])", kGpt2Words};

constexpr NamedPreTokenizer kNames[] = {
    {"default", kDefault},
    {"gpt-2", kGpt2},
    {"phi-2", kGpt2},
    {"mpt", kGpt2},
    {"olmo", kGpt2},
    {"jais", kGpt2},
    {"trillion", kGpt2},
    {"granite-docling", kGpt2},
    {"exaone4", kGpt2},
    {"gigachat", kGpt2},
    {"a.x-4.0", kGpt2},
    {"mellum", kGpt2},
    {"modern-bert", kGpt2},
    {"roberta-bpe", kGpt2},
    {"jina-v1-en", kGpt2},
    {"jina-v2-code", kGpt2},
    {"jina-v2-es", kGpt2},
    {"jina-v2-de", kGpt2},
    {"jina-es", kGpt2},
    {"jina-de", kGpt2},
    {"starcoder", kStarcoder},
    {"refact", kStarcoder},
    {"command-r", kStarcoder},
    {"smollm", kStarcoder},
    {"codeshell", kStarcoder},
    {"exaone", kStarcoder},
    {"minerva-7b", kStarcoder},
    {"mellum2", kStarcoder},
    {"llama-bpe", kLlama3, true, true},
    {"llama3", kLlama3, true, true},
    {"llama-v3", kLlama3, true, true},
    {"falcon3", kLlama3, true, true},
    {"falcon-h1", kLlama3, true, true},
    {"pixtral", kLlama3, true, true},
    {"midm-2.0", kLlama3, true, true},
    {"lfm2", kLlama3, true, true},
    {"jina-v5-nano", kLlama3, true, true},
    {"dbrx", kLlama3},
    {"smaug-bpe", kLlama3},
    {"glm4", kLlama3},
    {"chatglm-bpe", kLlama3},
    {"jais-2", kJais2},
    {"minicpm5", kMiniCpm5, true},
    {"qwen2", kQwen2},
    {"deepseek-r1-qwen", kQwen2},
    {"stablelm2", kQwen2},
    {"hunyuan", kQwen2},
    {"megrez", kQwen2},
    {"grok-2", kQwen2},
    {"solar-open", kQwen2},
    {"kormo", kQwen2},
    {"f2llmv2", kQwen2},
    {"laguna", kLaguna},
    {"qwen35", kQwen35},
    {"ufakzeka", kWithoutEndings},
    {"seed-coder", kSeedCoder},
    {"bailingmoe", kBailing},
    {"bailingmoe2", kBailing},
    {"llada-moe", kBailing},
    {"exaone-moe", kExaoneMoe},
    {"gpt-4o", kO200k},
    {"llama4", kO200k},
    {"kanana2", kO200k},
    {"talkie", kO200k},
    {"minimax-m2", kO200k},
    {"granite-embed-multi-97m", kO200k, true},
    {"tiny_aya", kTinyAya},
    {"cohere2moe", kTinyAya},
    {"tekken", kTekken, true, true},
    {"youtu", kYoutu, true},
    {"kimi-k2", kKimiK2},
    {"deepseek-llm", kDeepSeekLlm},
    {"deepseek-coder", kDeepSeekCoder},
    {"deepseek-v3", kDeepSeek3},
    {"hunyuan-dense", kDeepSeek3},
    {"hy_v4", kDeepSeek3},
    {"joyai-llm", kDeepSeek3},
    {"spark2_5", kSpark},
    {"afmoe", kAfmoe},
    {"superbpe", kSuperBpe},
    {"falcon", kFalcon},
    {"bloom", kBloom},
    {"gpt3-finnish", kBloom},
    {"poro-chat", kBloom},
    {"viking", kViking},
    {"chameleon", kChameleon, false, true},
};

// Equal sets get one number, so equal programs have equal steps. Digit groups are compared by text.
std::vector<SplitProgram> ParseStages(std::span<const std::string_view> expressions,
                                      std::vector<icu::UnicodeSet>& sets) {
  std::vector<SplitProgram> stages;
  for (const std::string_view expression : expressions) {
    if (expression == PreTokenizer::kDigitGroups) {
      stages.push_back({.steps = {}, .start = -1});
    } else if (expression == PreTokenizer::kWholeNumberGroups) {
      stages.push_back({.steps = {}, .start = -2});
    } else {
      stages.push_back(ParseSplitRegex(expression, sets));
    }
  }
  return stages;
}

}  // namespace

const NamedPreTokenizer* FindPreTokenizer(std::string_view name) {
  const auto* const found =
      std::ranges::find(kNames, name, [](const NamedPreTokenizer& known) { return known.name; });
  return found == std::end(kNames) ? nullptr : found;
}

const NamedPreTokenizer* FindPreTokenizer(std::span<const std::string_view> expressions,
                                          bool ignore_merges) {
  std::vector<icu::UnicodeSet> sets;
  const std::vector<SplitProgram> wanted = ParseStages(expressions, sets);
  std::span<const std::string_view> last_refused;
  for (const NamedPreTokenizer& known : kNames) {
    const auto candidate = known.expressions;
    if (known.ignore_merges != ignore_merges || candidate.size() != expressions.size() ||
        candidate.data() == last_refused.data()) {
      continue;
    }
    if (ParseStages(candidate, sets) == wanted) return &known;
    last_refused = candidate;
  }
  return nullptr;
}

PreTokenizer MakePreTokenizer(std::string_view name) {
  const NamedPreTokenizer* const known = FindPreTokenizer(name);
  if (known != nullptr) return PreTokenizer(known->expressions);
  Fail(ErrorCode::kUnsupported, "the pre-tokenizer \"{}\" is not known; known are: {}", name,
       KnownPreTokenizers());
}

std::string KnownPreTokenizers() {
  std::string names;
  for (const NamedPreTokenizer& known : kNames) {
    if (!names.empty()) names += ", ";
    names += known.name;
  }
  return names;
}

}  // namespace pioneer

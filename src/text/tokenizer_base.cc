#include "text/tokenizer_base.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "text/marked_words.h"
#include "text/unicode.h"

namespace pioneer {
namespace {

constexpr size_t kMaxTokens = MergeTable::kMaxSymbols;

// Tokens that end a turn in the models we know of, whatever their files say.
constexpr std::string_view kEndOfTurnTokens[] = {
    "<|im_end|>",      "<|eot_id|>",    "<|eom_id|>",
    "<end_of_turn>",   "<|end|>",       "<|eot|>",
    "<turn|>",         "<|endoftext|>", "<|end_of_text|>",
    "<EOT>",           "<|return|>",    "<|END_OF_TURN_TOKEN|>",
    "<|end_of_turn|>", "<|call|>",      "<\uFF5Cend\u2581of\u2581sentence\uFF5C>",
    "_<EOT>",          "[EOT]",         "[EOS]",
    "<|flush|>",       "<|calls|>",     "<end_of_utterance>",
    "<eos>",           "[e~[",          "<|tool_response>"};

// The tokens around a hole in a text: Qwen's, StarCoder's, Granite's, DeepSeek's, CodeLlama's,
// GLM's and Falcon's names.
constexpr std::string_view kFimPrefixTokens[] = {
    "<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>",    "<\uFF5Cfim\u2581begin\uFF5C>",
    "<PRE>",          "\u2581<PRE>",  "<|code_prefix|>", "<|prefix|>"};
constexpr std::string_view kFimSuffixTokens[] = {
    "<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>",    "<\uFF5Cfim\u2581hole\uFF5C>",
    "<SUF>",          "\u2581<SUF>",  "<|code_suffix|>", "<|suffix|>"};
constexpr std::string_view kFimMiddleTokens[] = {
    "<|fim_middle|>", "<fim-middle>", "<fim_middle>",    "<\uFF5Cfim\u2581end\uFF5C>",
    "<MID>",          "\u2581<MID>",  "<|code_middle|>", "<|middle|>"};
constexpr std::string_view kFimPaddingTokens[] = {"<|fim_pad|>", "<fim-pad>", "<fim_pad>"};
constexpr std::string_view kFimRepositoryTokens[] = {"<|fim_repo|>", "<|repo_name|>", "<fim-repo>",
                                                     "<REPO>", "<reponame>"};
constexpr std::string_view kFimFileTokens[] = {"<|file_sep|>"};

// A line "left right" of the list of merges.
struct NamedMerge {
  size_t rank = 0;
  std::string_view line;
  std::string result;
  std::array<std::string_view, 3> names;  // left, right, both together
  std::array<uint64_t, 3> hashes;
  std::array<int32_t, 3> ids;

  void Read(std::string_view text, size_t number, const StringIndex& index) {
    rank = number;
    line = text;
    const size_t space = line.find(' ', 1);
    if (space == std::string_view::npos || space + 1 == line.size()) {
      Fail(ErrorCode::kCorruptFile, "merge {} of the vocabulary is not of the form \"left right\"",
           rank);
    }
    result.assign(line, 0, space).append(line, space + 1);
    names = {line.substr(0, space), line.substr(space + 1), result};
    for (size_t i = 0; i < names.size(); ++i) {
      hashes[i] = HashBytes(names[i]);
      index.PrefetchSlot(hashes[i]);
    }
  }
  void Prefetch(const StringIndex& index) const {
    for (const uint64_t hash : hashes) index.PrefetchString(hash);
  }
  void Find(const StringIndex& index) {
    for (size_t i = 0; i < names.size(); ++i) ids[i] = index.Find(names[i], hashes[i]);
    if (std::ranges::all_of(ids, [](int32_t id) { return id >= 0; })) return;
    Fail(ErrorCode::kCorruptFile, "merge {} of the vocabulary, \"{}\", names an unknown token",
         rank, RepairUtf8(line));
  }
};

}  // namespace

int ByteTokenValue(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
  int value = 0;
  for (const char c : token.substr(3, 2)) {
    if (!std::isxdigit(static_cast<unsigned char>(c))) return -1;
    value = value * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return value;
}

TokenizerBase::TokenizerBase(Vocabulary vocabulary)
    : vocabulary_(std::move(vocabulary)), index_(vocabulary_.tokens, vocabulary_.tokens.size()) {
  CheckVocabulary();
  for (int32_t id = 0; id < size(); ++id) {
    const std::string& token = vocabulary_.tokens[id];
    if (token.empty() || index_.Add(id)) continue;
    Fail(ErrorCode::kCorruptFile, "the vocabulary has the token \"{}\" twice: {} and {}",
         RepairUtf8(token), index_.Find(token), id);
  }
  bytes_ = vocabulary_.tokens;
  rules_ = SpecialTokenRules(vocabulary_.special_rules);
  FindFillInTheMiddle();
  MarkEndOfGeneration();
  CollectSpecialTokens();
}

void TokenizerBase::CheckVocabulary() const {
  const size_t n = vocabulary_.tokens.size();
  if (n == 0) Fail(ErrorCode::kCorruptFile, "the vocabulary is empty");
  if (n > kMaxTokens) {
    Fail(ErrorCode::kCorruptFile, "the vocabulary has {} tokens; at most {} are allowed", n,
         kMaxTokens);
  }
  const auto check_size = [n](size_t have, const char* what) {
    if (have == 0 || have == n) return;
    Fail(ErrorCode::kCorruptFile, "the vocabulary has {} tokens but {} {}", n, have, what);
  };
  check_size(vocabulary_.types.size(), "token types");
  check_size(vocabulary_.scores.size(), "scores");
  const auto check_id = [n](int32_t id, const char* what) {
    if (id >= -1 && (id < 0 || static_cast<size_t>(id) < n)) return;
    Fail(ErrorCode::kCorruptFile, "the {} token's id {} is not in the vocabulary of {} tokens",
         what, id, n);
  };
  check_id(vocabulary_.bos_id, "BOS");
  check_id(vocabulary_.eos_id, "EOS");
  check_id(vocabulary_.eot_id, "EOT");
  check_id(vocabulary_.unknown_id, "unknown");
  check_id(vocabulary_.padding_id, "padding");
  check_id(vocabulary_.separator_id, "separator");
  check_id(vocabulary_.mask_id, "mask");
  for (const SpecialTokenRule& rule : vocabulary_.special_rules) check_id(rule.id, "ruled");
  const FillInTheMiddleIds& fim = vocabulary_.fill_in_the_middle;
  for (const int32_t id :
       {fim.prefix, fim.suffix, fim.middle, fim.padding, fim.repository, fim.file_separator}) {
    check_id(id, "fill-in-the-middle");
  }
}

// A file may call such a token a plain one; then anyone could write it.
void TokenizerBase::MakeControl(int32_t id) {
  if (!vocabulary_.types.empty()) vocabulary_.types[id] = TokenType::kControl;
}

void TokenizerBase::FindFillInTheMiddle() {
  const auto find = [this](int32_t& id, std::span<const std::string_view> names) {
    for (const std::string_view name : names) {
      if (id < 0) id = FindToken(name);
    }
    if (id >= 0) MakeControl(id);
  };
  FillInTheMiddleIds& ids = vocabulary_.fill_in_the_middle;
  find(ids.prefix, kFimPrefixTokens);
  find(ids.suffix, kFimSuffixTokens);
  find(ids.middle, kFimMiddleTokens);
  if (!ids.CanFill()) return;  // without these the others' names mean something else
  find(ids.padding, kFimPaddingTokens);
  find(ids.repository, kFimRepositoryTokens);
  find(ids.file_separator, kFimFileTokens);
}

void TokenizerBase::MarkEndOfGeneration() {
  ends_generation_.resize(vocabulary_.tokens.size());
  for (const std::string_view token : kEndOfTurnTokens) {
    const int32_t id = FindToken(token);
    if (id < 0) continue;
    ends_generation_[id] = true;
    MakeControl(id);
  }
  // Where an answer has several messages (gpt-oss, Solar) the end of one is not that of the answer.
  const bool has_messages = (FindToken("<|return|>") >= 0 && FindToken("<|call|>") >= 0) ||
                            (FindToken("<|flush|>") >= 0 && FindToken("<|calls|>") >= 0);
  const int32_t end_of_message = FindToken("<|end|>");
  if (has_messages && end_of_message >= 0) ends_generation_[end_of_message] = false;
  const FillInTheMiddleIds& fim = vocabulary_.fill_in_the_middle;
  for (const int32_t id :
       {vocabulary_.eos_id, vocabulary_.eot_id, fim.padding, fim.repository, fim.file_separator}) {
    if (id >= 0) ends_generation_[id] = true;
  }
}

void TokenizerBase::CollectSpecialTokens() {
  for (int32_t id = 0; id < size(); ++id) {
    const TokenType kind = type(id);
    const bool always = kind == TokenType::kUserDefined;
    if (!always && kind != TokenType::kControl && kind != TokenType::kUnknown) continue;
    const std::string& token = vocabulary_.tokens[id];
    if (token.empty()) continue;
    if (token.size() > kMaxSpecialTokenBytes) {
      Fail(ErrorCode::kCorruptFile, "the special token {} is {} bytes long; at most {} are allowed",
           id, token.size(), kMaxSpecialTokenBytes);
    }
    if (always) user_defined_.Add(token, id);
    all_special_.Add(token, id);
  }
}

std::array<int32_t, 256> TokenizerBase::ReadByteTokens() {
  std::array<int32_t, 256> ids;
  ids.fill(vocabulary_.unknown_id);
  for (int32_t id = 0; id < size(); ++id) {
    if (type(id) != TokenType::kByte) continue;
    const int value = ByteTokenValue(vocabulary_.tokens[id]);
    if (value < 0) {
      Fail(ErrorCode::kCorruptFile, "the byte token {}, \"{}\", is not of the form <0xNN>", id,
           RepairUtf8(vocabulary_.tokens[id]));
    }
    ids[value] = id;
    bytes_[id] = std::string(1, static_cast<char>(value));
  }
  return ids;
}

void TokenizerBase::FillMarkedBytes() {
  for (int32_t id = 0; id < size(); ++id) {
    if (type(id) != TokenType::kNormal && type(id) != TokenType::kUnused) continue;
    bytes_[id] = UnmarkSpaces(vocabulary_.tokens[id]);
  }
}

// Each merge names three tokens. Looking one up is waiting for memory three times, so that some
// merges are looked up together.
MergeTable TokenizerBase::ReadMerges() const {
  const std::vector<std::string>& merges = vocabulary_.merges;
  if (merges.size() > MergeTable::kMaxRanks) {
    Fail(ErrorCode::kCorruptFile, "the vocabulary has {} merges; at most {} are allowed",
         merges.size(), MergeTable::kMaxRanks);
  }
  MergeTable table(merges.size());
  std::array<NamedMerge, 16> group;
  for (size_t first = 0; first < merges.size(); first += group.size()) {
    const size_t n = std::min(group.size(), merges.size() - first);
    for (size_t i = 0; i < n; ++i) group[i].Read(merges[first + i], first + i, index_);
    for (size_t i = 0; i < n; ++i) group[i].Prefetch(index_);
    for (size_t i = 0; i < n; ++i) {
      group[i].Find(index_);
      table.Prefetch(group[i].ids[0], group[i].ids[1]);
    }
    for (size_t i = 0; i < n; ++i) {
      const auto [left, right, result] = group[i].ids;
      if (type(result) != TokenType::kNormal) continue;  // plain text never becomes special
      table.Add(left, right, static_cast<uint32_t>(first + i), result);
    }
  }
  return table;
}

template <typename Plain>
void TokenizerBase::Cut(const SpecialTokenMatcher& matcher, std::string_view text,
                        std::vector<int32_t>& ids, const Plain& plain) const {
  size_t begin = 0;
  while (begin < text.size()) {
    const SpecialTokenMatcher::Match match = rules_.Find(matcher, text, begin);
    const std::string_view between = text.substr(begin, match.begin - begin);
    if (!between.empty()) plain(between);
    if (match.id < 0) break;
    ids.push_back(match.id);
    begin = match.begin + match.length;
  }
}

// Nearly all text is in form C already. In what was not, tokens of the user may have come to light.
// Bytes that are no text stay as they are.
void TokenizerBase::EncodeNormalized(std::string_view text, std::vector<int32_t>& ids) const {
  if (IsNfc(text) || !IsValidUtf8(text)) return EncodePlain(text, ids);
  const std::string normalized = ToNfc(text);
  Cut(user_defined_, normalized, ids, [&](std::string_view plain) { EncodePlain(plain, ids); });
}

std::vector<int32_t> TokenizerBase::Encode(std::string_view text,
                                           const EncodeOptions& options) const {
  if (text.size() > kMaxTokenizedBytes) {
    Fail(ErrorCode::kInvalidArgument, "the text is {} bytes long; at most {} can be tokenized",
         text.size(), kMaxTokenizedBytes);
  }
  std::vector<int32_t> ids;
  ids.reserve(text.size() / 4 + 2);
  if (options.add_special && vocabulary_.add_bos && vocabulary_.bos_id >= 0) {
    ids.push_back(vocabulary_.bos_id);
  }
  const SpecialTokenMatcher& matcher = options.parse_special ? all_special_ : user_defined_;
  Cut(matcher, text, ids, [&](std::string_view plain) {
    vocabulary_.nfc ? EncodeNormalized(plain, ids) : EncodePlain(plain, ids);
  });
  if (options.add_special && vocabulary_.add_eos && vocabulary_.eos_id >= 0) {
    ids.push_back(vocabulary_.eos_id);
  }
  if (options.add_special && vocabulary_.add_separator && vocabulary_.separator_id >= 0) {
    ids.push_back(vocabulary_.separator_id);
  }
  return ids;
}

std::string TokenizerBase::TokenBytes(int32_t id, bool show_special) const {
  if (!in_range(id)) return "";
  const bool hidden = type(id) == TokenType::kControl || type(id) == TokenType::kUnknown;
  return hidden && !show_special ? "" : bytes_[id];
}

std::string TokenizerBase::Decode(const std::vector<int32_t>& ids, bool show_special) const {
  std::string bytes;
  bool at_start = strip_leading_space_;
  for (const int32_t id : ids) {
    const std::string piece = TokenBytes(id, show_special);
    const bool strip = at_start && piece.starts_with(' ') && type(id) != TokenType::kControl;
    bytes += std::string_view(piece).substr(strip ? 1 : 0);
    if (in_range(id) && type(id) != TokenType::kControl) at_start = false;
  }
  return RepairUtf8(bytes);
}

bool TokenizerBase::IsEndOfGeneration(int32_t id) const {
  return in_range(id) && ends_generation_[id];
}

}  // namespace pioneer

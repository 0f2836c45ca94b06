#include "model/huggingface/tokenizer_pipeline.h"

#include <cctype>
#include <functional>
#include <optional>
#include <string_view>

#include "base/base64.h"
#include "base/error.h"
#include "text/marked_words.h"

namespace pioneer {
namespace {

constexpr std::string_view kGpt2Expression =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

bool BoolOf(const Json& object, const char* key, bool otherwise) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() ? found->get<bool>() : otherwise;
}

[[noreturn]] void Refuse(const char* part, const std::string& what) {
  Fail(ErrorCode::kUnsupported, "tokenizer.json: the {} {} is not supported", part, what);
}

// Calls `read` for the part, or for each of those in a "Sequence" (`list` is their key). JSON's
// nesting is limited where it is parsed.
void ForEachPart(const Json& part, const char* list, const std::function<void(const Json&)>& read) {
  if (part.is_null()) return;
  if (!part.is_object()) Fail(ErrorCode::kCorruptFile, "tokenizer.json: a part is no object");
  if (StringOf(part, "type") != "Sequence") return read(part);
  const auto parts = part.find(list);
  if (parts == part.end() || !parts->is_array()) {
    Fail(ErrorCode::kCorruptFile, "tokenizer.json: a \"Sequence\" has no list \"{}\"", list);
  }
  for (const Json& inner : *parts) ForEachPart(inner, list, read);
}

// {"Regex": ...} or {"String": ...} as an expression.
std::string PatternOf(const Json& part) {
  const auto pattern = part.find("pattern");
  if (pattern == part.end() || !pattern->is_object()) {
    Fail(ErrorCode::kCorruptFile, "tokenizer.json: a part has no \"pattern\"");
  }
  if (pattern->contains("Regex")) return StringOf(*pattern, "Regex");
  std::string escaped;
  for (const char c : StringOf(*pattern, "String")) {
    if (std::ispunct(static_cast<unsigned char>(c))) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

class PipelineReader {
 public:
  TokenizerPipeline Read(const Json& tokenizer) {
    const auto part = [&](const char* key) {
      const auto found = tokenizer.find(key);
      return found == tokenizer.end() ? Json() : *found;
    };
    ForEachPart(part("normalizer"), "normalizers", [this](const Json& p) { ReadNormalizer(p); });
    ForEachPart(part("pre_tokenizer"), "pretokenizers",
                [this](const Json& p) { ReadPreTokenizer(p); });
    ForEachPart(part("post_processor"), "processors",
                [this](const Json& p) { ReadPostProcessor(p); });
    return pipeline_;
  }

 private:
  void ReadNormalizer(const Json& part) {
    const std::string type = StringOf(part, "type");
    if (type == "NFC") {
      pipeline_.nfc = true;
    } else if (type == "Prepend" && StringOf(part, "prepend") == kSpaceMark) {
      pipeline_.add_space_prefix = true;
    } else if (type == "Replace") {
      ReadReplace(part);
    } else if (type == "Precompiled") {
      std::optional<std::string> bytes = DecodeBase64(StringOf(part, "precompiled_charsmap"));
      if (!bytes) {
        Fail(ErrorCode::kCorruptFile, "tokenizer.json: \"precompiled_charsmap\" is no base64");
      }
      pipeline_.charsmap = std::move(*bytes);
    } else if (type == "BertNormalizer") {
      pipeline_.is_bert = true;
      pipeline_.lowercase = BoolOf(part, "lowercase", true);
      pipeline_.strip_accents = BoolOf(part, "strip_accents", pipeline_.lowercase);
      if (!BoolOf(part, "clean_text", true) || !BoolOf(part, "handle_chinese_chars", true)) {
        Refuse("normalizer", "\"BertNormalizer\" without cleaning");
      }
    } else if (type == "Strip") {
      pipeline_.remove_extra_whitespace = true;
    } else {
      Refuse("normalizer", fmt::format("\"{}\"", type));
    }
  }

  void ReadReplace(const Json& part) {
    const std::string pattern = PatternOf(part), content = StringOf(part, "content");
    if (pattern == " " && content == kSpaceMark) {
      pipeline_.marks_spaces = true;
    } else if (pattern == " {2,}" && (content == " " || content == kSpaceMark)) {
      pipeline_.remove_extra_whitespace = true;
    } else {
      Refuse("normalizer", fmt::format("\"Replace\" of \"{}\" by \"{}\"", pattern, content));
    }
  }

  void ReadPreTokenizer(const Json& part) {
    const std::string type = StringOf(part, "type");
    if (type == "Split") {
      ReadSplit(part);
    } else if (type == "ByteLevel") {
      pipeline_.byte_level = true;
      if (BoolOf(part, "add_prefix_space", true)) {
        Refuse("pre-tokenizer", "\"ByteLevel\" with \"add_prefix_space\"");
      }
      if (BoolOf(part, "use_regex", true)) pipeline_.expressions.emplace_back(kGpt2Expression);
    } else if (type == "Digits") {
      pipeline_.expressions.emplace_back(BoolOf(part, "individual_digits", false) ? R"(\p{N})"
                                                                                  : R"(\p{N}+)");
    } else if (type == "Punctuation") {
      const std::string behavior = StringOf(part, "behavior");
      if (!behavior.empty() && behavior != "Isolated" && behavior != "Contiguous") {
        Refuse("pre-tokenizer", fmt::format("\"Punctuation\" with behavior \"{}\"", behavior));
      }
      pipeline_.expressions.push_back(std::string(R"([\p{P}\$\+<=>\^`~\|])") +
                                      (behavior == "Contiguous" ? "+" : ""));
    } else if (type == "Metaspace") {
      ReadMetaspace(part);
    } else if (type == "BertPreTokenizer") {
      pipeline_.is_bert = true;
    } else if (type == "WhitespaceSplit") {
      pipeline_.remove_extra_whitespace = true;
    } else {
      Refuse("pre-tokenizer", fmt::format("\"{}\"", type));
    }
  }

  void ReadSplit(const Json& part) {
    const std::string behavior = StringOf(part, "behavior"), pattern = PatternOf(part);
    const bool inverted = BoolOf(part, "invert", false);
    // Where spaces are marked there are none left to split at.
    if (pattern == " " && pipeline_.marks_spaces) return;
    // An inverted "Removed" keeps the matches, and these expressions match everything.
    const bool isolates = behavior == "Isolated" || (behavior == "Removed" && inverted);
    if (!isolates) Refuse("pre-tokenizer", fmt::format("\"Split\" with behavior \"{}\"", behavior));
    pipeline_.expressions.push_back(pattern);
  }

  void ReadMetaspace(const Json& part) {
    if (StringOf(part, "replacement") != kSpaceMark) {
      Refuse("pre-tokenizer", "\"Metaspace\" with another mark than U+2581");
    }
    pipeline_.marks_spaces = true;
    const std::string scheme = StringOf(part, "prepend_scheme");
    pipeline_.add_space_prefix =
        scheme.empty() ? BoolOf(part, "add_prefix_space", true) : scheme != "never";
  }

  void ReadPostProcessor(const Json& part) {
    const std::string type = StringOf(part, "type");
    if (type == "TemplateProcessing") {
      ReadTemplate(part);
    } else if (type == "BertProcessing" || type == "RobertaProcessing") {
      pipeline_.has_template = true;
      pipeline_.first = NameInPair(part, "cls");
      pipeline_.last = NameInPair(part, "sep");
    } else if (type != "ByteLevel") {
      Refuse("post-processor", fmt::format("\"{}\"", type));
    }
  }

  static std::string NameInPair(const Json& part, const char* key) {
    const auto pair = part.find(key);
    const bool valid =
        pair != part.end() && pair->is_array() && !pair->empty() && pair->front().is_string();
    return valid ? pair->front().get<std::string>() : "";
  }

  void ReadTemplate(const Json& part) {
    const auto single = part.find("single");
    if (single == part.end() || !single->is_array()) {
      Fail(ErrorCode::kCorruptFile,
           "tokenizer.json: \"TemplateProcessing\" has no list \"single\"");
    }
    pipeline_.has_template = true;
    bool text_seen = false;
    for (const Json& piece : *single) {
      if (piece.is_object() && piece.contains("Sequence")) {
        text_seen = true;
        continue;
      }
      const auto special = piece.is_object() ? piece.find("SpecialToken") : piece.end();
      std::string& place = text_seen ? pipeline_.last : pipeline_.first;
      if (special == piece.end() || !special->is_object() || !place.empty()) {
        Refuse("post-processor", fmt::format("\"TemplateProcessing\" with {}", DumpJson(piece)));
      }
      place = StringOf(*special, "id");
    }
  }

  TokenizerPipeline pipeline_;
};

}  // namespace

std::string StringOf(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

TokenizerPipeline ReadTokenizerPipeline(const Json& tokenizer) {
  return PipelineReader().Read(tokenizer);
}

}  // namespace pioneer

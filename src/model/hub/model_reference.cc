#include "model/hub/model_reference.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "model/gguf_split.h"

namespace pioneer {
namespace {

constexpr size_t kMaxNameBytes = 96;

std::string UpperCase(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return upper;
}

// As Hugging Face has them: letters, digits, '-', '_', '.', not at the ends, not "..".
bool IsRepositoryPart(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes) return false;
  const auto fits = [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_' || c == '.';
  };
  return std::all_of(name.begin(), name.end(), fits) && name.front() != '.' &&
         name.front() != '-' && name.back() != '.' && name.find("..") == std::string_view::npos &&
         name.find("--") == std::string_view::npos;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// "Q4_K_M", "IQ4_XS", "UD-Q4_K_XL", "BF16", "MXFP4", in capitals.
bool IsVariant(std::string_view text) {
  for (const std::string_view plain : {"F32", "F16", "BF16", "FP16", "MXFP4", "MXFP4_MOE"}) {
    if (text == plain) return true;
  }
  if (text.starts_with("UD-")) text.remove_prefix(3);
  if (text.starts_with("I") || text.starts_with("T")) text.remove_prefix(1);
  if (text.size() < 4 || text[0] != 'Q' || !IsDigit(text[1]) || text[2] != '_') return false;
  return std::all_of(text.begin() + 3, text.end(), [](unsigned char c) {
    return std::isupper(c) || IsDigit(static_cast<char>(c)) || c == '_';
  });
}

}  // namespace

std::optional<ModelReference> ParseModelReference(std::string_view text) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (text.starts_with(scheme)) text.remove_prefix(scheme.size());
  }
  for (const std::string_view site : {"huggingface.co/", "hf.co/"}) {
    if (text.starts_with(site)) text.remove_prefix(site.size());
  }
  ModelReference reference;
  if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    reference.variant = text.substr(colon + 1);
    text = text.substr(0, colon);
    if (reference.variant.empty()) return {};
  }
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {};
  reference.owner = text.substr(0, slash);
  reference.repository = text.substr(slash + 1);
  if (!IsRepositoryPart(reference.owner) || !IsRepositoryPart(reference.repository)) return {};
  return reference;
}

std::string VariantOfFileName(std::string_view file_name) {
  std::string stem(file_name);
  if (const auto part = ParseGgufPartName(file_name)) {
    stem = part->stem;
  } else if (stem.ends_with(".gguf")) {
    stem.resize(stem.size() - 5);
  }
  stem = UpperCase(stem);
  for (size_t at = 0; at < stem.size(); ++at) {
    const bool begins =
        at == 0 || stem[at - 1] == '-' || stem[at - 1] == '.' || stem[at - 1] == '_';
    if (begins && IsVariant(std::string_view(stem).substr(at))) return stem.substr(at);
  }
  return "";
}

bool IsCompanionFile(std::string_view file_name) {
  const std::string upper = UpperCase(file_name);
  return upper.find("MMPROJ") != std::string::npos || upper.find("IMATRIX") != std::string::npos;
}

size_t BestVariant(const std::vector<std::string>& variants) {
  constexpr std::array<std::string_view, 22> kOrder = {
      "Q4_K_M", "UD-Q4_K_XL", "MXFP4",  "MXFP4_MOE", "Q4_K_S", "Q4_K_L", "Q5_K_M", "Q5_K_S",
      "Q4_0",   "IQ4_NL",     "IQ4_XS", "Q4_1",      "Q5_0",   "Q6_K",   "Q8_0",   "Q3_K_L",
      "Q3_K_M", "BF16",       "F16",    "FP16",      "F32",    "Q3_K_S"};
  for (const std::string_view wanted : kOrder) {
    const auto found = std::find(variants.begin(), variants.end(), wanted);
    if (found != variants.end()) return static_cast<size_t>(found - variants.begin());
  }
  return 0;
}

}  // namespace pioneer

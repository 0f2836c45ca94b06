// Why: texts of strangers and queries of visitors become terms and passages; whatever they hold,
// terms stand where they say and passages are the whole text. Input: one byte that chooses, then
// the text.
// room: search
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/utf8.h"
#include "search/answer/definition.h"
#include "search/index/analyzer.h"
#include "search/index/passages.h"
#include "search/rank/query_terms.h"

namespace pioneer::search {
namespace {

void RequireThat(bool ok) {
  if (!ok) std::abort();
}

void AnalyzeAny(std::string_view text) {
  uint32_t position = 0;
  for (const Term& term : Analyze(text)) {
    RequireThat(!term.text.empty() && term.text.size() <= kMaxTermBytes && IsValidUtf8(term.text));
    RequireThat(term.begin < term.end && term.end <= text.size());
    RequireThat(term.position >= position && term.position <= position + 1);
    position = term.position;
  }
  for (const QueryTerm& term : FindQueryTerms(text)) RequireThat(term.weight > 0);
  const size_t line = std::min(text.find('\n'), text.size());
  const std::string subject = answer::ReadDefinitionQuestion(text.substr(0, line)).subject;
  const double defines = answer::Defines(text.substr(line), subject);
  RequireThat(defines >= 0 && defines <= 1);
  answer::Names(text.substr(line), subject);
}

// Lines are blocks; the first character of each says of which kind.
void CutAny(std::string_view bytes) {
  Document document;
  std::string text = RepairUtf8(bytes);
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    if (end > 0) {
      Block block;
      block.kind = static_cast<BlockKind>(static_cast<uint8_t>(rest[0]) % 6);
      block.level = static_cast<uint8_t>(rest[0]) % 7;
      block.text = rest.substr(0, end);
      document.blocks.push_back(std::move(block));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  size_t at = 0;
  for (const NewPassage& passage : CutPassages(document)) {
    at += passage.before.size();
    RequireThat(passage.begin == at && !passage.text.empty() && IsValidUtf8(passage.text));
    at += passage.text.size();
  }
  size_t least = 0;
  for (const Block& block : document.blocks) least += block.text.size();
  RequireThat(at >= least);
}

}  // namespace
}  // namespace pioneer::search

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  data[0] % 2 == 0 ? pioneer::search::AnalyzeAny(bytes) : pioneer::search::CutAny(bytes);
  return 0;
}

#include "engine/infill_prompt.h"

#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "engine/generator.h"

namespace pioneer {
namespace {

using Ids = std::vector<int32_t>;

void Append(Ids& ids, const Ids& more) { ids.insert(ids.end(), more.begin(), more.end()); }

// A file as the model saw files in its training, or as plain text where it has no token for that.
Ids FileTokens(const Tokenizer& tokenizer, const InfillRequest::File& file) {
  const int32_t separator = tokenizer.vocabulary().fill_in_the_middle.file_separator;
  Ids ids;
  if (separator >= 0) {
    ids.push_back(separator);
    Append(ids, tokenizer.Encode(file.name + "\n" + file.text, {}));
  } else {
    ids = tokenizer.Encode("\n\n--- " + file.name + " ---\n\n" + file.text, {});
  }
  return ids;
}

// The last files that fit, behind the repository's name and before the name of the file at hand.
Ids ContextTokens(const Tokenizer& tokenizer, const InfillRequest& request, size_t room) {
  const FillInTheMiddleIds& fim = tokenizer.vocabulary().fill_in_the_middle;
  if (request.files.empty()) return {};
  Ids head, tail;
  if (fim.repository >= 0) {
    head.push_back(fim.repository);
    Append(head, tokenizer.Encode("project\n", {}));
  }
  if (fim.file_separator >= 0) {
    tail.push_back(fim.file_separator);
    Append(tail, tokenizer.Encode("file\n", {}));
  }
  std::vector<Ids> kept;  // backwards
  size_t used = head.size() + tail.size();
  for (auto file = request.files.rbegin(); file != request.files.rend(); ++file) {
    Ids ids = FileTokens(tokenizer, *file);
    used += ids.size();
    if (used > room) break;
    kept.push_back(std::move(ids));
  }
  if (kept.empty()) return {};
  for (auto ids = kept.rbegin(); ids != kept.rend(); ++ids) Append(head, *ids);
  Append(head, tail);
  return head;
}

}  // namespace

std::vector<int32_t> MakeInfillPrompt(const Tokenizer& tokenizer, const InfillRequest& request,
                                      int max_tokens) {
  const Vocabulary& vocabulary = tokenizer.vocabulary();
  const FillInTheMiddleIds& fim = vocabulary.fill_in_the_middle;
  if (!fim.CanFill()) {
    Fail(ErrorCode::kUnsupported,
         "this model cannot fill in the middle: its vocabulary has no tokens for prefix, suffix "
         "and middle");
  }
  const bool has_bos = vocabulary.add_bos && vocabulary.bos_id >= 0;
  const Ids prompt = tokenizer.Encode(request.prompt, {});
  const size_t fixed = prompt.size() + 3 + (has_bos ? 1 : 0);
  const size_t room = static_cast<size_t>(std::max(max_tokens, 0));
  if (fixed > room) {
    Fail(ErrorCode::kContextLength, "the prompt has {} tokens, but at most {} fit", fixed, room);
  }
  Ids prefix = tokenizer.Encode(request.prefix, {}), suffix = tokenizer.Encode(request.suffix, {});
  const size_t free = room - fixed;
  if (prefix.size() + suffix.size() > free) {
    const size_t least = free > prefix.size() ? free - prefix.size() : 0;
    suffix.resize(std::min(suffix.size(), std::max(free / 4, least)));
    const size_t kept = std::min(prefix.size(), free - suffix.size());
    prefix.erase(prefix.begin(), prefix.end() - static_cast<std::ptrdiff_t>(kept));
  }

  Ids ids;
  if (has_bos) ids.push_back(vocabulary.bos_id);
  Append(ids, ContextTokens(tokenizer, request, free - prefix.size() - suffix.size()));
  ids.push_back(fim.prefix);
  Append(ids, prefix);
  Append(ids, prompt);
  ids.push_back(fim.suffix);
  Append(ids, suffix);
  ids.push_back(fim.middle);
  return ids;
}

std::vector<int32_t> Generator::InfillPrompt(const InfillRequest&, int) const {
  Fail(ErrorCode::kUnsupported, "this model cannot fill in the middle");
}

}  // namespace pioneer

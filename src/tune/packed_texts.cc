#include "tune/packed_texts.h"

#include <algorithm>
#include <numeric>

namespace pioneer::tune {
namespace {

int64_t PairsOf(const TextGroup& group) {
  return std::accumulate(group.texts.begin(), group.texts.end(), int64_t{0},
                         [](int64_t sum, const TokenText* text) { return sum + text->n_pairs(); });
}

}  // namespace

int64_t PackedTexts::n_counted() const {
  return std::count_if(counted.begin(), counted.end(), [](uint8_t mark) { return mark != 0; });
}

void Append(const TokenText& text, int32_t name, PackedTexts& out) {
  out.begins.push_back(out.n_tokens());
  out.texts.push_back(name);
  out.inputs.insert(out.inputs.end(), text.tokens.begin(), text.tokens.end() - 1);
  out.targets.insert(out.targets.end(), text.tokens.begin() + 1, text.tokens.end());
  out.counted.insert(out.counted.end(), text.counted.begin() + 1, text.counted.end());
}

std::vector<PackedTexts> Pack(std::span<const TextGroup> groups, int64_t context) {
  std::vector<PackedTexts> packs;
  for (const TextGroup& group : groups) {
    const int64_t n = PairsOf(group);
    auto place = std::find_if(packs.begin(), packs.end(), [&](const PackedTexts& pack) {
      return pack.n_tokens() + n <= context;
    });
    if (place == packs.end()) place = packs.insert(packs.end(), PackedTexts());
    int32_t name = group.name;
    for (const TokenText* text : group.texts) Append(*text, name++, *place);
  }
  return packs;
}

}  // namespace pioneer::tune

// Why: what one pass of tuning works on: several texts in a row, of which none sees another.
// Products run over all rows at once, attention over each text by itself, and each text's positions
// begin at 0, so packing changes nothing but the time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pioneer::tune {

// inputs[i] is followed by targets[i], both of one text. Texts lie one after the other.
struct PackedTexts {
  std::vector<int32_t> inputs, targets;
  std::vector<uint8_t> counted;   // whether predicting targets[i] is learned
  std::vector<int64_t> begins;    // of each text, ascending, the first is 0
  std::vector<int32_t> texts;     // what the caller calls each text
  std::vector<float> advantages;  // of each text; GRPO only, else empty
  std::vector<float> behaviour;   // log probabilities when the text was sampled; else empty
  std::vector<float> reference;   // log probabilities of the base model; else empty

  int64_t n_tokens() const { return static_cast<int64_t>(inputs.size()); }
  int64_t n_counted() const;
  size_t n_texts() const { return begins.size(); }
  int64_t end(size_t text) const {
    return text + 1 < begins.size() ? begins[text + 1] : n_tokens();
  }
};

// A text whose tokens from `first_counted` on, or those that are marked, are learned.
struct TokenText {
  std::vector<int32_t> tokens;
  std::vector<uint8_t> counted;  // of tokens; the first token is never predicted
  int64_t n_pairs() const { return static_cast<int64_t>(tokens.size()) - 1; }
};

void Append(const TokenText& text, int32_t name, PackedTexts& out);

// Groups of texts that stay together (the two of a pair, one alone) are put into packs of at most
// `context` pairs, first fit in their order. A group that is larger has a pack of its own.
struct TextGroup {
  std::vector<const TokenText*> texts;
  int32_t name = 0;  // of the first text; the others count on
};
std::vector<PackedTexts> Pack(std::span<const TextGroup> groups, int64_t context);

}  // namespace pioneer::tune

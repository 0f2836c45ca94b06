// Why: SentencePiece writes spaces as U+2581 and looks at a whole text at once. Almost no token
// reaches over the start of a word, so words can be looked at one by one, and remembered.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace pioneer {

inline constexpr std::string_view kSpaceMark = "\u2581";

// " " <-> U+2581.
std::string MarkSpaces(std::string_view text);
std::string UnmarkSpaces(std::string_view text);

// Knows where a text can be cut without cutting any token of a vocabulary.
class MarkedWords {
 public:
  // Tells it a token of the vocabulary.
  void Learn(std::string_view token);
  // The end of the word that starts at `begin`: at a space mark behind something else, or at the
  // end of the text.
  size_t End(std::string_view text, size_t begin) const;

 private:
  // Bytes that stand before a space mark inside some token.
  std::array<bool, 256> joins_{};
};

}  // namespace pioneer

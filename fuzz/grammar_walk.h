// Why: a grammar that was accepted must also be usable: every fuzzer of grammars writes an answer
// under it.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "text/grammar/constraint.h"
#include "text/grammar/test_matcher.h"

namespace pioneer::grammar {

// Small, so that much is tried.
inline constexpr ConstraintLimits kFuzzLimits = {
    .max_states = 2'000, .max_compile_work = 50'000, .max_mask_work = 50'000};

// Writes an answer of at most max_tokens tokens, each chosen among those that may come by a byte of
// `choices`. There is always one, what a mask allows is accepted, and so is what is forced.
inline void WriteAnswer(std::shared_ptr<const Constraint> constraint, std::string_view choices,
                        size_t max_tokens = 24) {
  ConstraintState state(std::move(constraint));
  TokenMask mask;
  for (const char choice : choices.substr(0, max_tokens)) {
    state.ComputeMask(mask);
    const int n = mask.Count();
    if (n == 0) std::abort();
    int skip = static_cast<uint8_t>(choice) % n;
    int32_t token = 0;
    while (!mask.Has(token) || skip-- > 0) ++token;
    if (!state.Accept(token)) std::abort();
    if (token == kEndToken) return;
    ConstraintState copy = state;
    if (!copy.AcceptBytes(state.ForcedBytes())) std::abort();
  }
}

// The same of the bytes that a fuzzer made up: they are a grammar, and choose what is written.
template <typename Parse>
void WriteUnder(const Parse& parse, const uint8_t* data, size_t size) {
  static const auto vocabulary = ByteVocabulary();
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  try {
    WriteAnswer(Constraint::Compile(parse(source), vocabulary, kFuzzLimits), source);
  } catch (const Error&) {
    // The expected end of what is no grammar, or too large a one.
  }
}

}  // namespace pioneer::grammar

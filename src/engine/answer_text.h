// Why: tokens are bytes, answers are text. Between them lie characters that span tokens, stop
// strings that span tokens, and token infos that must travel with the text they made.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "engine/generator.h"

namespace pioneer {

// One answer's text in the making. Text is released as soon as it is certain that it belongs to
// the answer: whole characters only, and never the beginning of what may become a stop string.
// One thread.
class AnswerText {
 public:
  struct Piece {
    std::string text;
    std::vector<TokenInfo> tokens;  // those whose last byte is in this text or an earlier one
    bool empty() const { return text.empty() && tokens.empty(); }
  };

  explicit AnswerText(std::vector<std::string> stop_strings = {});

  // Adds one token's bytes; nothing is added once stopped(). Where several stop strings end in the
  // same token, the one that begins first wins, then the longest.
  Piece Push(std::string_view token_bytes, std::optional<TokenInfo> info = std::nullopt);
  // What is still held back, an unfinished character as U+FFFD; call at the end of the answer.
  Piece Finish();

  bool stopped() const { return !stop_sequence_.empty(); }
  const std::string& stop_sequence() const { return stop_sequence_; }

 private:
  struct PendingToken {
    TokenInfo info;
    size_t raw_end = 0;              // bytes pushed up to and with this token
    size_t text_begin = 0;           // text made before this token
    std::optional<size_t> text_end;  // text made up to and with it, once its characters are whole
  };

  void AppendText(std::string_view token_bytes);
  void MarkEndedTokens();
  bool FindStop();
  size_t HeldBackLength() const;
  Piece Release(size_t n_bytes);
  Piece ReleaseUntilStop(size_t position);

  std::vector<std::string> stop_strings_;
  size_t longest_stop_ = 0;
  std::string stop_sequence_;
  size_t stop_position_ = 0;  // in pending_

  std::string raw_;      // bytes of an unfinished character
  std::string pending_;  // whole characters not yet released
  size_t raw_total_ = 0, text_total_ = 0, released_ = 0;
  std::deque<PendingToken> tokens_;
};

}  // namespace pioneer

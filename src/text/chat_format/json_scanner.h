// Why: a tool's arguments go to the client while the model writes them, so JSON must be checked
// byte by byte.
#pragma once

#include <cstdint>
#include <string>

namespace pioneer::chat_format {

// Checks one JSON value as its bytes come (RFC 8259; UTF-8 is the caller's matter).
class JsonScanner {
 public:
  enum class State : uint8_t { kMore, kDone, kBroken };

  // Takes one byte. A number at the top level ends before the byte that does not belong to it:
  // then kDone, and that byte was not taken. White space in front is taken.
  State Take(char c, bool* taken);

  bool begun() const { return begun_; }
  // Whether the value is an object (known once begun).
  bool is_object() const { return is_object_; }

 private:
  enum class Expect : uint8_t {
    kValue,
    kValueOrEnd,  // behind '['
    kKeyOrEnd,    // behind '{'
    kKey,
    kColon,
    kCommaOrEnd,
    kString,
    kEscape,
    kHex,
    kNumber,
    kWord,
  };
  static constexpr size_t kMaxDepth = 256;

  State TakeValue(char c);
  State TakeNumber(char c, bool* taken);
  State Open(char c);
  State Close(char c);
  State EndValue();

  std::string stack_;  // '{' and '['
  Expect expect_ = Expect::kValue;
  bool begun_ = false, is_object_ = false, in_key_ = false;
  int hex_left_ = 0;
  std::string word_;    // what is left of true, false, null
  std::string number_;  // so far
};

}  // namespace pioneer::chat_format

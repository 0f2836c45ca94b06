// Why: byte-level BPE writes every byte as one printable character, so that vocabularies are plain
// text. Source: GPT-2's bytes_to_unicode: printable Latin-1 stands for itself, the other 68 bytes
// for U+0100 onwards.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pioneer {

char32_t ByteToAlphabet(uint8_t byte);

// The bytes that a token stands for; nullopt when a character is not of the alphabet.
std::optional<std::string> AlphabetToBytes(std::string_view token);

std::string BytesToAlphabet(std::string_view bytes);

}  // namespace pioneer

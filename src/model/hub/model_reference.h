// Why: people name models as "owner/repo:Q4_K_M", and files carry their type in their names; this
// reads both.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pioneer {

// "owner/repo[:variant]". A variant is a type ("Q4_K_M") or the name of a file.
struct ModelReference {
  std::string owner, repository;
  std::string variant;  // "" = the best there is

  std::string id() const { return owner + "/" + repository; }
};

// Also with the site's address in front ("hf.co/owner/repo"). nullopt for what cannot be the name
// of a repository.
std::optional<ModelReference> ParseModelReference(std::string_view text);

// The type at the end of a file's name: "Q4_K_M" of "qwen-7b-q4_k_m-00001-of-00002.gguf"; "" when
// it names none.
std::string VariantOfFileName(std::string_view file_name);

// A file that Hugging Face's repositories put beside a model's: not a language model by itself.
bool IsCompanionFile(std::string_view file_name);  // "mmproj-...gguf", "imatrix.gguf"

// Which of these types to take when nobody said: Q4_K_M, else the nearest that is good and small,
// else the first. An index into `variants`, which must not be empty.
size_t BestVariant(const std::vector<std::string>& variants);

}  // namespace pioneer

// Why: a recipe may come with someone else's run; whatever it says, it means something or is
// refused.
// room: train
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "train/recipe.h"
#include "train/recipe_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    pioneer::RecipeToJson(pioneer::ParseRecipe(pioneer::ParseToml(text), "/"));
  } catch (const pioneer::Error&) {
  }
  return 0;
}

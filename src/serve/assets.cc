#include "serve/assets.h"

namespace pioneer::serve {

__attribute__((weak)) std::span<const Asset> EmbeddedAssets() { return {}; }

}  // namespace pioneer::serve

// Why: a template's source becomes the tree that is rendered.
#pragma once

#include <string_view>

#include "text/jinja/ast.h"

namespace pioneer::jinja {

inline constexpr int kMaxBlockDepth = 64;

// Throws Error{kInvalidArgument} with the line and the reason.
Body ParseTemplate(std::string_view source);

}  // namespace pioneer::jinja

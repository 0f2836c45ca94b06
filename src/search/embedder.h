// Why: what texts mean as vectors, whoever makes them; search compares and keeps these.
#pragma once

#include <string>
#include <vector>

#include "base/cancel.h"

namespace pioneer::search {

struct EmbedderInfo {
  std::string name;  // shown
  // Another for whatever makes other vectors of the same text; what is stored is compared with it.
  std::string fingerprint;
  int dimensions = 0;
};

// Thread-safe.
class Embedder {
 public:
  virtual ~Embedder() = default;
  virtual const EmbedderInfo& info() const = 0;
  // One vector a text, of `dimensions` numbers and length 1. Texts may be of any length; what the
  // model cannot read is cut off. Throws Error{kCancelled} soon after the token is used, and what
  // the model throws.
  virtual std::vector<std::vector<float>> Embed(const std::vector<std::string>& texts,
                                                const CancelToken& cancel) = 0;
};

}  // namespace pioneer::search

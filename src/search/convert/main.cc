// Why: the converter's own small program (build/pioneer-convert): it holds nothing that a hostile
// file could want, and starts within milliseconds.
#include <unistd.h>

#include <cstdio>
#include <exception>

#include "search/convert/worker.h"

int main() {
  try {
    // No destructors and no leak checks: there is nothing to be tidied up, and little is allowed.
    ::_exit(pioneer::search::RunConvertWorker());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pioneer-convert: %s\n", error.what());
  }
  return 1;
}

#!/usr/bin/env bash
# fuzz.sh SECONDS: builds the fuzzers with clang and sanitizers, and runs each for so long.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:-60}
for tool in clang++ llvm-symbolizer; do
  command -v $tool >/dev/null || echo "note: $tool is missing (Debian: clang llvm)" >&2
done
if [ ! -f build-fuzz/build.ninja ]; then
  cmake -S . -B build-fuzz -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DPIONEER_FUZZ=ON -DPIONEER_TESTS=OFF \
    -DPIONEER_WEB=OFF -DPIONEER_SANITIZE=fuzzer-no-link,address,undefined -Wno-dev
fi
targets=()
for source in fuzz/*_fuzz.cc; do targets+=("$(basename "$source" .cc)"); done
cmake --build build-fuzz --target "${targets[@]}"
for target in "${targets[@]}"; do
  corpus=build-fuzz/corpus/$target
  mkdir -p "$corpus"
  echo "== $target, $seconds s"
  build-fuzz/"$target" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 \
    -artifact_prefix=build-fuzz/"$target"- "$corpus" 2>&1 | grep -E '^stat::number_of|ERROR|SUMMARY|Test unit' || true
  [ "${PIPESTATUS[0]}" -eq 0 ]
done

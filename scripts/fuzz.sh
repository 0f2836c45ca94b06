#!/usr/bin/env bash
# fuzz.sh SECONDS [NAME...]: builds the fuzzers (fuzz/NAME_fuzz.cc) with clang and sanitizers, and
# runs each of them, or those named, for so long. They start from what the tests hold, and go on from
# what earlier runs found. Findings stay in build-fuzz/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:-60}
names=("${@:2}")
if [ ${#names[@]} -eq 0 ]; then
  for source in fuzz/*_fuzz.cc; do names+=("$(basename "$source" _fuzz.cc)"); done
fi
for tool in clang++ llvm-symbolizer; do
  command -v $tool >/dev/null || echo "note: $tool is missing (Debian: clang llvm)" >&2
done
if [ ! -f build-fuzz/build.ninja ]; then
  cmake -S . -B build-fuzz -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DPIONEER_FUZZ=ON -DPIONEER_TESTS=OFF \
    -DPIONEER_WEB=OFF -DPIONEER_SANITIZE=fuzzer-no-link,address,undefined -Wno-dev
fi
cmake --build build-fuzz --target gguf_seeds "${names[@]/%/_fuzz}"
node fuzz/seeds.mjs build-fuzz/seeds
build-fuzz/gguf_seeds build-fuzz/seeds/gguf_fuzz

failed=()
for name in "${names[@]}"; do
  target=${name}_fuzz
  found=build-fuzz/corpus/$target
  log=build-fuzz/$target.log
  mkdir -p "$found" build-fuzz/seeds/"$target"
  dictionary=()
  [ ! -s build-fuzz/seeds/"$target".dict ] || dictionary=(-dict=build-fuzz/seeds/"$target".dict)
  echo "== $name, $seconds s"
  if build-fuzz/"$target" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=30 -max_len=16384 \
    -print_final_stats=1 "${dictionary[@]}" -artifact_prefix=build-fuzz/"$target"- \
    "$found" build-fuzz/seeds/"$target" >"$log" 2>&1; then
    grep DONE "$log"
  else
    failed+=("$name")
    grep -E -A 12 'ERROR|runtime error|Test unit' "$log" || tail -n 12 "$log"
  fi
done
[ ${#failed[@]} -eq 0 ] || { echo "findings: ${failed[*]} (see build-fuzz/*_fuzz.log)"; exit 1; }

#!/usr/bin/env bash
# build.sh program: builds the program and the page in build/, for people who run it.
# build.sh all [PRESET]: builds the tests too, in build/ or build-PRESET/.
set -euo pipefail
what=${1:-all}
preset=${2:-release}

binary_dir=build
[ "$preset" = release ] || binary_dir=build-$preset
configured() { grep -qs "^PIONEER_TESTS:BOOL=$1" "$binary_dir/CMakeCache.txt" && [ -f "$binary_dir/build.ninja" ]; }

if [ "$what" = program ]; then
  configured '' || cmake --preset "$preset" -Wno-dev -DPIONEER_TESTS=OFF
  cmake --build "$binary_dir" --target pioneer
else
  configured ON || cmake --preset "$preset" -Wno-dev -DPIONEER_TESTS=ON
  cmake --build "$binary_dir"
fi

#!/usr/bin/env bash
# Builds the page and the program with a preset (default: release). Shows ninja's progress.
set -euo pipefail
preset=${1:-release}

binary_dir=build
[ "$preset" = release ] || binary_dir=build-$preset
[ -f "$binary_dir/build.ninja" ] || cmake --preset "$preset" -Wno-dev
cmake --build "$binary_dir"

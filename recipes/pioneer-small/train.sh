#!/usr/bin/env bash
# From text to pioneer-small, in one command; a second one goes on where the first was
# stopped. Needs python3, zstd, and the text in ../shared/data/text.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
pioneer=build/pioneer
recipes=recipes/pioneer-small
made=build/pioneer-small
base=runs/pioneer-small-base
run=runs/pioneer-small

if [ ! -f "$run/checkpoint.bin" ]; then
  if [ -f "$base/checkpoint.bin" ]; then
    "$pioneer" train --resume --run "$base"
  else
    "$pioneer" data "$recipes/text.toml" --out "$made/text"
    "$recipes/make_data.py" "$made" "$made/text/data/clean"
    "$pioneer" train "$recipes/base.toml" --run "$base"
  fi
  "$pioneer" train --branch "$base" --run "$run" "$recipes/recipe.toml" --export "$made/pioneer-small.gguf"
  exit
fi
"$pioneer" train --resume --run "$run" --export "$made/pioneer-small.gguf"

#!/usr/bin/env bash
# From text to pioneer-small, in one command; a second one goes on where the first was
# stopped. Needs python3, zstd, and the text in ../shared/data/text.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
pioneer=build/pioneer
made=build/pioneer-small
run=runs/pioneer-small

if [ -f "$run/checkpoint.bin" ]; then
  "$pioneer" train --resume --run "$run" --export "$made/pioneer-small.gguf"
  exit
fi
"$pioneer" data recipes/pioneer-small/text.toml --out "$made/text"
recipes/pioneer-small/make_data.py "$made" "$made/text/data/clean"
"$pioneer" train recipes/pioneer-small/recipe.toml --run "$run" --export "$made/pioneer-small.gguf"

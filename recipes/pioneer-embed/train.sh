#!/usr/bin/env bash
# From Debian's documentation to pioneer-embed, in one command; a second one goes on where the first
# was stopped. Needs python3, apt-get, npm and the texts in ../shared/data/text.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
pioneer=build/pioneer
made=build/pioneer-embed
run=runs/pioneer-embed

if [ -f "$run/checkpoint.bin" ]; then
  "$pioneer" train --resume --run "$run" --export "$made/pioneer-embed.gguf"
  exit
fi
recipes/pioneer-embed/make_pairs.py "$made" ../shared/data/text
"$pioneer" train recipes/pioneer-embed/recipe.toml --run "$run" --export "$made/pioneer-embed.gguf"

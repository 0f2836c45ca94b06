#!/usr/bin/env bash
# slow_model.sh COMMAND...: serves, beside the built-in model, one with random weights that writes
# slowly and long (its id is "slow"), so that a person's stop can be tested on the real service, and
# the built-in one under a template that makes it think (its id is "thinking").
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PIONEER:-$root/build/pioneer}" models random "$folder/slow.gguf" --layers 12 --width 768 --heads 12 \
  --kv-heads 4 --feed-forward 2048 --context 2048 --vocabulary 4096
node "$root/tests/thinking_model.mjs" "$root/models/pioneer-small.gguf" "$folder/thinking.gguf"
SERVE_ARGS="--model pioneer-small --model $folder/slow.gguf --model $folder/thinking.gguf" "$root/tests/with_service.sh" "$@"

#!/usr/bin/env bash
# OpenAI's own client against the real service: open, and again with API keys.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
node_major=$(node --version | sed -E 's/^v([0-9]+).*/\1/')
if [ "$node_major" -lt 20 ]; then
  echo "skipped: the openai package needs Node 20, this is $(node --version)"
  exit 0
fi
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
  npm ci --no-audit --no-fund --loglevel=error
fi
../with_service.sh npm test --silent
SERVE_ARGS=--require-keys ../with_service.sh npm test --silent

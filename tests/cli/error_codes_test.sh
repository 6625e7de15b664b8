#!/usr/bin/env bash
# Every diagnostic's code has its row in docs/errors.md, and every row its diagnostic. Usage: error_codes_test.sh PROGRAM PROJECT_DIR
set -euo pipefail
cd "$2"

# A code of several words is the only kind of text with hyphens between lower-case words; these are others:
others='log-joint'
joined() { find src grammar -name '*.cpp' -o -name '*.hpp' | sort | xargs cat | tr '\n' ' ' | tr -s ' '; }
in_source() {
  {
    joined | grep -oE '"[a-z][a-z0-9]*(-[a-z0-9]+)+"' | tr -d '"' | grep -vxE "$others"
    joined | grep -oE '(\.code = |\b(fail|data_error)\( ?|Severity::(error|warning|note), ?)"[a-z]+"' | grep -oE '"[a-z]+"' | tr -d '"'
  } | sort -u
}
in_docs() { grep -oE '^\| `[a-z0-9-]+`' docs/errors.md | tr -d '|` ' | sort -u; }

if ! difference=$(diff <(in_source) <(in_docs)); then
  echo "docs/errors.md (>) and the diagnostics of src/ and grammar/ (<) differ:"
  echo "$difference"
  exit 1
fi
echo "$(in_docs | wc -l) codes are documented"

#!/usr/bin/env bash
# A stage may include the stages before it, never a later one. Usage: check_includes.sh PROJECT_DIR
set -euo pipefail
cd "$1"

order=(base diagnostics grammar data family model derive plan run simulate report pipeline api cli repl)

# What a stage must not know although it comes earlier (DESIGN, "knows nothing of").
declare -A barred=(
  [grammar]="data"
  [data]="grammar"
  [family]="grammar data"
  [derive]="data"
  [run]="grammar"
)

declare -A rank
for i in "${!order[@]}"; do rank[${order[$i]}]=$i; done
failures=0
fail() { echo "$1"; failures=$((failures + 1)); }

# The stage of a file: its folder in src/, `grammar`, or its name for files that lie in src/ itself.
stage_of() {
  case "$1" in
    grammar/*) echo grammar ;;
    src/*/*) local rest=${1#src/}; echo "${rest%%/*}" ;;
    src/*) basename "${1%.*}" ;;
  esac
}

# The stage that an include names; nothing for system headers and for files of the same folder.
stage_of_include() {
  local first=${1%%/*}
  case "$1" in
    jensen/*) ;;
    */*) if [ -n "${rank[$first]:-}" ]; then echo "$first"; fi ;;
    pipeline.hpp) echo pipeline ;;
    *) if [ -f "grammar/$1" ]; then echo grammar; fi ;;
  esac
}

check_include() { # FILE LINE INCLUDED
  local from to
  from=$(stage_of "$1")
  to=$(stage_of_include "$3")
  [ -n "$to" ] && [ "$to" != "$from" ] || return 0
  if [ -z "${rank[$from]:-}" ]; then
    fail "$1: its folder is not in the table of stages of tests/check_includes.sh"
  elif [ "${rank[$to]}" -gt "${rank[$from]}" ]; then
    fail "$1:$2: $from includes \"$3\" of the later stage $to"
  elif [[ " ${barred[$from]:-} " == *" $to "* ]]; then
    fail "$1:$2: $from must not know $to (\"$3\")"
  fi
}

while IFS=: read -r file line text; do
  included=$(sed -E 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"([^"]+)".*/\1/' <<<"$text")
  check_include "$file" "$line" "$included"
done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' src grammar --include='*.hpp' --include='*.cpp' || true)

while IFS=: read -r file line _; do
  fail "$file:$line: Boost.Spirit is used only in grammar/x3 and grammar/parse.cpp"
done < <(grep -rnE '#[[:space:]]*include[[:space:]]*<boost/(spirit|fusion)' src grammar include --include='*.h' --include='*.hpp' --include='*.cpp' |
  grep -vE '^grammar/(x3/|parse\.cpp)' || true)

while IFS=: read -r file line text; do
  fail "$file:$line: public headers include the standard library and each other only"
done < <(grep -rnE '#[[:space:]]*include' include | grep -vE 'include[[:space:]]*(<[a-z_0-9]+(\.h)?>|[<"](jensen/)?[a-z_]+\.hp*[>"])' || true)

[ "$failures" -eq 0 ] && echo "include directions are as designed"
exit $((failures > 0))

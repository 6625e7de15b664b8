#!/usr/bin/env bash
# src/ names no distribution: they are text of stdlib/, and the native families of src/family are what C++ knows. Usage: check_names.sh PROJECT_DIR
set -euo pipefail
cd "$1"

# FILE:NAME pairs in which the word means something else: the Greek letters that formulas are set in.
allowed=(src/derive/notation.cpp:beta src/derive/notation.cpp:gamma)

names=$(grep -hoE '^[[:space:]]*distribution[[:space:]]+[A-Za-z_][A-Za-z_0-9]*' stdlib/*.model 2>/dev/null | awk '{print $2}' | sort -u)
if [ -z "$names" ]; then
  echo "stdlib/ defines no distribution"
  exit 1
fi

failures=0
pattern="\"($(paste -sd'|' <<<"$names"))\\(?\""
while IFS=: read -r file line text; do
  for name in $(grep -oE "$pattern" <<<"$text" | tr -d '"('); do
    case " ${allowed[*]:-} " in *" $file:$name "*) continue ;; esac
    echo "$file:$line: \`$name\` is a distribution of stdlib/: src/ must not know it by name"
    failures=$((failures + 1))
  done
done < <(grep -rnE "$pattern" src grammar --include='*.cpp' --include='*.hpp' | grep -v '^src/family/' || true)

[ "$failures" -eq 0 ] && echo "no distribution is named in src/: $(wc -l <<<"$names") names looked for"
exit $((failures > 0))

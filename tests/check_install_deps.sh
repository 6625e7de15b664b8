#!/usr/bin/env bash
# scripts/install-deps asks for exactly what is missing, by names that Debian has. Usage: check_install_deps.sh ROOT
set -euo pipefail
root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fake() {
  printf '#!/usr/bin/env bash\n%s\n' "$2" > "$work/$1"
  chmod +x "$work/$1"
}
fake apt-get 'echo "$*" >> "$(dirname "$0")/asked"; case "$*" in *" -s "*) exit "${SIMULATED:-0}" ;; esac'
fake dpkg-query 'case " $MISSING " in *" ${@: -1} "* | " all ") exit 1 ;; esac; echo installed'
fake id 'echo 0'
fake dpkg 'exit 0'

# What apt-get was asked to do, one call a line.
asked() {
  rm -f "$work/asked"
  PATH="$work:$PATH" "$root/scripts/install-deps" "$@" 2>/dev/null
  cat "$work/asked" 2>/dev/null || true
}
expect() {
  if [ "$2" != "$3" ]; then
    printf '%s: expected\n%s\nfound\n%s\n' "$1" "$3" "$2"
    failed=1
  fi
}

expect "nothing missing" "$(MISSING='' asked --dev --bench)" ""
expect "two missing" "$(MISSING='ccache librandom123-dev' asked)" "install -s -q --no-install-recommends ccache librandom123-dev
install -y -q --no-install-recommends ccache librandom123-dev"
expect "lists out of date" "$(MISSING=ccache SIMULATED=100 asked)" "install -s -q --no-install-recommends ccache
update -q
install -y -q --no-install-recommends ccache"

# Recommended packages are not installed, so the sanitizers' runtime of clang must be named; presets and scripts name the other tools.
all=$(MISSING=all asked --dev --bench | tail -n 1)
for package in g++ cmake ninja-build ccache clang clang-format clang-tidy libclang-rt-dev git python3; do
  case " $all " in
    *" $package "*) ;;
    *) echo "scripts/install-deps --dev does not name $package"; failed=1 ;;
  esac
done
known=$(apt-cache --no-all-versions show ${all#*recommends } 2>/dev/null | sed -n 's/^Package: //p')
for package in ${known:+${all#*recommends }}; do
  grep -qx -- "$package" <<< "$known" || { echo "Debian has no package $package"; failed=1; }
done
exit $failed

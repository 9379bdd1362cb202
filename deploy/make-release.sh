#!/usr/bin/env bash
#
# Makes a release: what a running gateway needs, and nothing else, in a directory of its own.
#
#   make-release.sh --name NODE         prints the name that it will have: the same for the same contents
#   make-release.sh NODE DIR            makes it in DIR, which must not exist
#
# From the clone (or unpacked archive) that this script lies in, which is not written to. What is already
# there is used: a build that is newer than its sources, dependencies that are installed. Only what is
# missing is built or, by npm ci, installed.
#
# Exit codes: 0 done; 64 wrong usage; 69 a build failed or something needed is missing.

set -euo pipefail
export LC_ALL=C

source=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
readonly source
cd -- "$source"

# Everything beside dist/ and node_modules/ that an installed gateway or its operator looks at.
readonly PARTS=(package.json package-lock.json config.example.yaml monitor_and_recover.sh deploy docs examples
  README.md CHANGELOG.md INCIDENT_ANALYSIS.md LICENSE)
readonly PROGRAMS=(sensor-main sensor-api-write sensor-monitor sensorctl)

fail() {
  printf '%s\n' "$1" >&2
  exit 69
}

# The sources where they are, else the build that was shipped.
contents() {
  if [[ -d src ]]; then
    find src lib -name '*.ts' ! -name '*.test.ts'
  else
    find dist -name '*.js'
  fi
  find deploy ./*.service config.example.yaml monitor_and_recover.sh package.json package-lock.json -type f
}

name() { # node
  local version hash
  version=$("$1" -p 'require("./package.json").version')
  # Addons are made for one kind of Node and machine.
  hash=$({
    contents | sort | xargs sha256sum
    "$1" -p 'process.versions.modules + process.arch'
  } | sha256sum)
  printf '%s-%s\n' "$version" "${hash:0:10}"
}

built() { # whether dist/ is newer than everything that it was made of
  local program
  for program in "${PROGRAMS[@]}"; do
    if [[ ! -f dist/src/$program.js ]]; then return 1; fi
  done
  if [[ ! -d src ]]; then return 0; fi
  [[ -z $(find src lib package.json tsconfig*.json -newer dist/.tsbuildinfo -type f ! -name '*.test.ts' -print -quit 2>/dev/null || echo stale) ]]
}

# Names of directories in node_modules that production needs, as the lockfile tells; without the ones that
# are optional and were not installed.
production_packages() { # node, in the directory that has node_modules
  "$1" -e '
    const { existsSync, readFileSync } = require("node:fs");
    const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
    for (const [path, { dev, optional }] of Object.entries(packages)) {
      if (dev || !/^node_modules\/(@[^/]+\/)?[^/]+$/.test(path)) continue;
      if (existsSync(path)) console.log(path);
      else if (!optional) throw new Error(path + " is missing: npm ci");
    }'
}

copy_packages() { # node from to
  # Sources of SQLite and what compilers leave lying about: half of the size, and of no use any more.
  (cd -- "$2" && production_packages "$1" | tar -c --exclude='*/build/Release/obj*' --exclude='better-sqlite3/deps' \
    --exclude='*/build/Release/.deps' --files-from=-) | tar -x --no-same-owner -C "$3"
}

build_in() { # node directory
  local part
  for part in src lib scripts tsconfig.json tsconfig.build.json package.json package-lock.json; do
    if [[ ! -e $part ]]; then fail "$source has no $part and no build: is it complete?"; fi
    cp -R -- "$part" "$2/"
  done
  if [[ -d node_modules/typescript ]]; then
    printf 'compiling\n'
    ln -s -- "$source/node_modules" "$2/node_modules"
    (cd -- "$2" && "$1" node_modules/typescript/bin/tsc -p tsconfig.build.json) || fail 'the build failed: see above'
  else
    printf 'installing dependencies and compiling (minutes on a small machine)\n'
    (cd -- "$2" && PATH="$(dirname -- "$1"):$PATH" "$1" scripts/build.js) || fail 'the build failed: see above'
  fi
}

# What would otherwise only come out when the units start.
verify() { # node directory
  (
    cd -- "$2"
    "$1" -e 'new (require("better-sqlite3"))(":memory:").close()' || fail 'SQLite does not load: npm ci in the clone'
    "$1" -e 'require("sd-notify")' ||
      fail 'the addon for systemd does not load: sudo apt-get install libsystemd-dev, then npm ci in the clone'
    "$1" dist/src/sensorctl.js --version >/dev/null || fail 'sensorctl does not start'
  )
}

make() { # node directory
  local node=$1 target=$2 work part
  mkdir -- "$target"
  work=$(mktemp -d -- "$target/.work-XXXXXX")
  umask 022
  if built && [[ -d node_modules/better-sqlite3 ]]; then
    cp -R dist "$target/"
    copy_packages "$node" . "$target"
  else
    build_in "$node" "$work"
    mv -- "$work/dist" "$target/dist"
    copy_packages "$node" "$work" "$target"
  fi
  rm -rf -- "$work" "$target/dist/.tsbuildinfo"
  for part in "${PARTS[@]}" ./*.service; do cp -R -- "$part" "$target/"; done
  # A clone belongs to whoever made it; a release is root's, and every user may look at it.
  chmod -R u+rwX,go+rX,go-w -- "$target"
  for part in "${PROGRAMS[@]}"; do chmod 755 -- "$target/dist/src/$part.js"; done
  verify "$node" "$target"
}

if (($# == 2)) && [[ $1 == --name ]]; then
  name "$2"
elif (($# == 2)) && [[ $1 == /* && ! -e $2 ]]; then
  make "$1" "$2"
else
  printf 'usage: %s --name NODE | NODE DIR\n' "${0##*/}" >&2
  exit 64
fi

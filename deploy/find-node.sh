#!/usr/bin/env bash
#
# Prints the absolute path of a Node that the services can use, or says why there is none:
#
#   find-node.sh [PATH]      only this one
#
# A Node in somebody's home (nvm, volta) is refused: the units hide all homes from the programs, and an
# account that is deleted would take the gateway along.
#
# Exit codes: 0 found; 64 wrong usage; 78 none that can be used.

set -euo pipefail

readonly MAJOR_MIN=20 MINOR_MIN=19

why='' # of the last candidate that was refused

usable() { # path
  local path=$1 real version major minor dir
  if [[ $path != /* ]]; then
    why="$path is not an absolute path"
    return 1
  fi
  if ! real=$(readlink -e -- "$path") || [[ ! -x $real ]]; then
    why="$path is not there, or cannot be run"
    return 1
  fi
  if ! version=$(timeout 20 "$path" --version 2>/dev/null) || [[ ! $version =~ ^v([0-9]+)\.([0-9]+)\. ]]; then
    why="$path does not say its version"
    return 1
  fi
  major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]}
  if ((major < MAJOR_MIN || (major == MAJOR_MIN && minor < MINOR_MIN))); then
    why="$path is Node $version, and $MAJOR_MIN.$MINOR_MIN or newer is needed"
    return 1
  fi
  case $real in
    /home/* | /root/* | /run/user/* | /tmp/* | /var/tmp/*)
      why="$path is $real, where the services cannot see it"
      return 1
      ;;
  esac
  # The service user is nobody's friend: every directory above must let others pass.
  dir=$real
  while [[ $dir != / ]]; do
    if [[ $(stat -c %A -- "$dir") != *[xt] ]]; then
      why="$real cannot be run by other users: see $dir"
      return 1
    fi
    dir=$(dirname -- "$dir")
  done
}

main() {
  local path candidates=(/usr/bin/node /usr/local/bin/node)
  if (($# > 1)); then
    printf 'usage: %s [PATH]\n' "${0##*/}" >&2
    return 64
  elif (($# == 1)); then
    candidates=("$1")
  elif path=$(command -v node); then
    candidates+=("$path")
  fi
  for path in "${candidates[@]}"; do
    if usable "$path"; then
      printf '%s\n' "$path"
      return
    fi
  done
  printf '%s. Debian 13 and Raspberry Pi OS trixie have one: sudo apt-get install nodejs npm\n' "$why" >&2
  return 78
}

main "$@"

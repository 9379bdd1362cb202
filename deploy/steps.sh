#!/usr/bin/env bash
#
# What install.sh builds its steps from: where everything lies, words for the person, and files that are
# only written when they differ. Not to be run: install.sh reads it.
#
# shellcheck disable=SC2034 # The constants are for whoever reads this file.

readonly PREFIX=/opt/sensor-gateway CONFIG_DIR=/etc/sensor-gateway DATA_DIR=/var/lib/sensor-gateway
readonly UNIT_DIR=/etc/systemd/system SYSUSERS=/etc/sysusers.d/sensor-gateway.conf
readonly COMMAND=/usr/local/bin/sensorctl CRON=/etc/cron.d/sensor-gateway
# What a shell and man look for on their own: file of a release=where it goes.
readonly SHARE=/usr/local/share
readonly ZSH_DIR=$SHARE/zsh/site-functions
readonly SHELL_FILES=(
  "deploy/man/sensorctl.1=$SHARE/man/man1/sensorctl.1"
  "deploy/completions/sensorctl.bash=$SHARE/bash-completion/completions/sensorctl"
  "deploy/completions/_sensorctl=$ZSH_DIR/_sensorctl"
  "deploy/completions/sensorctl.fish=$SHARE/fish/vendor_completions.d/sensorctl.fish"
)
readonly SERVICE_USER=sensor-gateway
# Stays with the configuration: an uninstallation and another installation must not forget it.
readonly MADE_GROUP=$CONFIG_DIR/.made-group-i2c
# In the order in which they are started.
readonly PROGRAMS=(sensor-api-write.service sensor-main.service)
# Only looks: the release is none the worse if it does not start.
readonly MONITOR=sensor-monitor.service
# Every unit that a release may bring; those that it does not bring are left out.
readonly UNITS=("${PROGRAMS[@]}" "$MONITOR" sensor-recover.service sensor-recover.timer)
readonly NODE_DROP_IN=50-node.conf DELAY_DROP_IN=50-restart-delay.conf
readonly NETWORK_DROP_IN=60-network.conf

# What was asked for, and what has been done.
mode=install dry_run=no yes=no node=''
changes=0

say() { printf '%s\n' "$1"; }

die() { # code text
  printf '%s\n' "$2" >&2
  exit "$1"
}

# description command...: does it, or says that it would.
act() {
  local what=$1
  shift
  changes=$((changes + 1))
  if [[ $dry_run == yes ]]; then
    say "would: $what"
    return
  fi
  say "  $what"
  "$@"
}

confirm() { # question
  if [[ $yes == yes || $dry_run == yes ]]; then return; fi
  if [[ ! -t 0 ]]; then die 64 'nobody is here to ask: say --yes'; fi
  local answer
  read -r -p "$1 [y/N] " answer
  if [[ $answer != [yY]* ]]; then die 0 'nothing was changed'; fi
}

release_of() { # current|previous: its name, or nothing
  local to
  if to=$(readlink -- "$PREFIX/$1"); then printf '%s' "${to##*/}"; fi
}

# Where a release keeps a unit.
unit_file() { # release-directory unit
  local file
  for file in "$1/$2" "$1/deploy/$2"; do
    if [[ -f $file ]]; then
      printf '%s' "$file"
      return
    fi
  done
}

same() { # file text: whether the file holds that and no more
  [[ -f $1 && ! -L $1 ]] && cmp -s -- "$1" - <<<"$2"
}

provide_file() { # file mode text
  if same "$1" "$3"; then return; fi
  act "write $1" write_file "$@"
}

write_file() { # file mode text
  mkdir -p -- "$(dirname -- "$1")"
  printf '%s\n' "$3" >"$1.new"
  chmod "$2" -- "$1.new"
  mv -T -- "$1.new" "$1"
}

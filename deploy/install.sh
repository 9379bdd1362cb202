#!/usr/bin/env bash
#
# Installs the sensor gateway as systemd services, upgrades it, takes it back, or removes it.
#
#   sudo ./deploy/install.sh               install, or upgrade to what lies here; twice changes nothing
#   sudo ./deploy/install.sh --dry-run     only say what would be done (needs no root)
#   sudo ./deploy/install.sh --rollback    back to the release before
#   sudo ./deploy/install.sh --uninstall   remove it; configuration and data stay
#   sudo ./deploy/install.sh --purge       remove it with its configuration, its data and its user
#
# --yes asks nothing. --node PATH names the Node to use. Releases lie side by side in
# /opt/sensor-gateway/releases, and the link /opt/sensor-gateway/current says which one runs: a release is
# complete and tried before the link is moved, and if the units do not become ready with it, the link is
# moved back. Configuration is never written over. Works without a network if the clone is built.
#
# Exit codes: 0 done; 1 the units did not become ready; 64 wrong usage; 69 the release could not be made;
# 75 another installation is under way; 77 not root; 78 this machine cannot have it.

set -euo pipefail
export LC_ALL=C SYSTEMD_PAGER=''
umask 022

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
readonly here

# shellcheck source=deploy/steps.sh
. "$here/steps.sh"
# shellcheck source=deploy/starting.sh
. "$here/starting.sh"
# shellcheck source=deploy/clock.sh
. "$here/clock.sh"
# shellcheck source=deploy/removal.sh
. "$here/removal.sh"

usage() {
  printf 'usage: %s [--dry-run] [--yes] [--node PATH] [--rollback | --uninstall | --purge]\n' "${0##*/}" >&2
  exit 64
}

# ---------------------------------------------------------------- making a release

# What lies here is a clone, or a release that is installed already.
name_of_release() {
  if [[ $here == "$PREFIX"/releases/*/deploy ]]; then
    basename -- "$(dirname -- "$here")"
  else
    "$here/make-release.sh" --name "$node"
  fi
}

make_release() { # name
  local staging=$PREFIX/releases/.making
  if [[ -d $PREFIX/releases/$1 ]]; then return; fi
  mkdir -p -- "$PREFIX/releases"
  # Left behind by an installation that was interrupted.
  rm -rf -- "$staging"
  "$here/make-release.sh" "$node" "$staging" || die 69 'nothing was changed'
  # Renamed when it is complete: a release that is there can be used.
  mv -T -- "$staging" "$PREFIX/releases/$1"
}

# ---------------------------------------------------------------- the machine

provide_user() { # release-directory
  local groups
  if [[ ! -d $CONFIG_DIR ]]; then act "make $CONFIG_DIR" install -d -m 755 "$CONFIG_DIR"; fi
  provide_file "$SYSUSERS" 644 "$(cat -- "$1/deploy/sensor-gateway.sysusers.conf")"
  groups=$(id -nG "$SERVICE_USER" 2>/dev/null || true)
  if [[ " $groups " == *' i2c '* ]]; then return; fi
  # Noted, so that --purge takes away what was made here and nothing else.
  if [[ $dry_run == no ]] && ! getent group i2c >/dev/null; then touch -- "$MADE_GROUP"; fi
  act "make the user $SERVICE_USER, in group i2c" systemd-sysusers "$SYSUSERS"
}

provide_config() { # release-directory
  provide_file "$CONFIG_DIR/config.example.yaml" 644 "$(cat -- "$1/config.example.yaml")"
  if [[ ! -e $CONFIG_DIR/config.yaml ]]; then
    act "write $CONFIG_DIR/config.yaml" begin_config
  fi
}

begin_config() {
  write_file "$CONFIG_DIR/config.yaml" 640 "# What is written here holds; for everything else the defaults do. All settings, explained:
# $CONFIG_DIR/config.example.yaml. After a change: sensorctl config check && sudo systemctl restart sensor-main"
  chgrp -- "$SERVICE_USER" "$CONFIG_DIR/config.yaml"
}

provide_units() { # release-directory
  local unit file
  for unit in "${UNITS[@]}"; do
    file=$(unit_file "$1" "$unit")
    if [[ -n $file ]]; then
      provide_file "$UNIT_DIR/$unit" 644 "$(cat -- "$file")"
      provide_node_drop_in "$unit" "$file"
      provide_delay_drop_in "$1" "$unit"
    elif [[ -e $UNIT_DIR/$unit ]]; then
      act "remove $unit, which this release does not have" remove_unit "$unit"
    fi
  done
}

# The units name Debian's Node. Another one goes into a drop-in, so that the unit itself stays as shipped.
provide_node_drop_in() { # unit file
  local line drop_in=$UNIT_DIR/$1.d/$NODE_DROP_IN
  line=$(sed -n 's#^ExecStart=/usr/bin/node ##p' "$2")
  if [[ -n $line && $node != /usr/bin/node ]]; then
    provide_file "$drop_in" 644 "[Service]
ExecStart=
ExecStart=$node $line"
  elif [[ -e $drop_in ]]; then
    act "remove $drop_in" rm -f -- "$drop_in"
  fi
}

# Words that only newer versions of systemd know.
provide_delay_drop_in() { # release-directory unit
  if [[ " ${PROGRAMS[*]} $MONITOR " != *" $2 "* || ! -f $1/deploy/restart-delay.conf ]]; then return; fi
  if (($(systemd_version) >= 254)); then
    provide_file "$UNIT_DIR/$2.d/$DELAY_DROP_IN" 644 "$(cat -- "$1/deploy/restart-delay.conf")"
  fi
}

systemd_version() {
  systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p'
}

provide_recovery() { # release-directory
  if [[ -n $(unit_file "$1" sensor-recover.timer) ]]; then
    if [[ -e $CRON ]]; then act "remove $CRON: the timer does the same" rm -f -- "$CRON"; fi
  elif [[ -d ${CRON%/*} ]]; then
    provide_file "$CRON" 644 "* * * * * root $PREFIX/current/monitor_and_recover.sh"
  fi
}

enable_units() { # release-directory
  local unit
  for unit in "${UNITS[@]}"; do
    if [[ $unit == sensor-recover.service || -z $(unit_file "$1" "$unit") ]]; then continue; fi
    if systemctl is-enabled --quiet "$unit" 2>/dev/null; then continue; fi
    act "enable $unit" systemctl enable --quiet "$unit"
  done
}

# ---------------------------------------------------------------- switching

link_to() { # current|previous release-name
  # A link is replaced by a rename: there is no moment without it.
  ln -sfn -- "releases/$2" "$PREFIX/.$1.new"
  mv -T -- "$PREFIX/.$1.new" "$PREFIX/$1"
}

switch_to() { # release-name
  local before
  before=$(release_of current)
  link_to current "$1"
  if [[ -n $before && $before != "$1" ]]; then link_to previous "$before"; fi
}

as_service() { # release-directory arguments of sensorctl...
  local dir=$1
  shift
  runuser -u "$SERVICE_USER" -- "$node" "$dir/dist/src/sensorctl.js" "$@"
}

readonly DATABASES=(outbox store)

# What this release says when it looks at a database; nothing if it is content, or there is none.
complaint() { # release-directory outbox|store
  local -A asks=([outbox]='outbox stat' [store]='readings --limit 1')
  # shellcheck disable=SC2086 # The words of a command.
  { as_service "$1" ${asks[$2]} >/dev/null || true; } 2>&1
}

# For a release that finds a database in a newer form than it knows: back to the copy that was made before it
# was brought to that form. What is there now is kept aside.
restore_copies() { # release-directory
  local database file
  for database in "${DATABASES[@]}"; do
    if [[ $(complaint "$1" "$database") != *SGW_SCHEMA_TOO_NEW* ]]; then continue; fi
    file=$(compgen -G "$DATA_DIR/$database.db.schema-*.backup" | head -n 1 || true)
    if [[ -z $file ]]; then
      say "  there is no copy of the $database from before the upgrade: see docs/operations.md"
      continue
    fi
    systemctl stop "${PROGRAMS[@]}"
    as_service "$1" backup restore "$file" | sed 's/^/    /'
  done
}

prune_releases() {
  local dir name
  for dir in "$PREFIX"/releases/*/; do
    name=$(basename -- "$dir")
    if [[ $name == "$(release_of current)" || $name == "$(release_of previous)" ]]; then continue; fi
    act "remove release $name" rm -rf -- "$PREFIX/releases/$name"
  done
}

# ---------------------------------------------------------------- what can be asked for

install_units_of() { # release-directory
  provide_units "$1"
  provide_recovery "$1"
  if [[ $dry_run == no ]]; then systemctl daemon-reload; fi
  provide_network_drop_in "$1"
}

# Where the configuration names somebody to be told on another machine, the monitor must be let there. What a
# person has allowed by hand is enough for the doctor, and stays.
provide_network_drop_in() { # release-directory
  local drop_in=$UNIT_DIR/$MONITOR.d/$NETWORK_DROP_IN
  if [[ ! -f $1/deploy/monitor-network.conf || ! -f $1/dist/src/sensorctl.js ]] || ! lacks_network "$1"; then return; fi
  provide_file "$drop_in" 644 "$(cat -- "$1/deploy/monitor-network.conf")"
  if [[ $dry_run == no ]]; then systemctl daemon-reload; fi
}

lacks_network() { # release-directory
  { as_service "$1" doctor --step systemd --json 2>/dev/null || true; } |
    grep -q '"check":"systemd-network"[^}]*"verdict":"warn"'
}

# The man page, and completion for the shells; an older release has none.
provide_shell_files() { # release-directory
  local pair from to
  for pair in "${SHELL_FILES[@]}"; do
    from=$1/${pair%%=*} to=${pair#*=}
    # The directory of zsh comes with zsh, and is not ours to make or to remove.
    if [[ ! -f $from || ($to == "$ZSH_DIR"/* && ! -d $ZSH_DIR) ]]; then continue; fi
    provide_file "$to" 644 "$(<"$from")"
  done
}

do_install() {
  local name release before older
  "$here/check-machine.sh" ${node:+--node "$node"} || die 78 'This machine cannot have it as it is: see NO above. Nothing was changed.'
  node=$("$here/find-node.sh" ${node:+"$node"})
  name=$(name_of_release)
  before=$(release_of current)
  older=$(release_of previous)
  release=$PREFIX/releases/$name
  say ''
  if [[ -z $before ]]; then
    say "Release $name will be installed."
  elif [[ $before != "$name" ]]; then
    say "Release $before will be replaced by $name; data and configuration stay."
  fi
  if [[ $before != "$name" ]]; then confirm 'Go on?'; fi

  if [[ ! -d $release ]]; then act "make release $name in $PREFIX/releases" make_release "$name"; fi
  # What a dry run says is read from the clone: the release is not there yet.
  if [[ $dry_run == yes && ! -d $release ]]; then release=$(dirname -- "$here"); fi
  provide_user "$release"
  provide_config "$release"
  provide_file "$COMMAND" 755 "#!/bin/sh
exec $node $PREFIX/current/dist/src/sensorctl.js \"\$@\""
  provide_shell_files "$release"
  if [[ $before != "$name" ]]; then
    act "let $PREFIX/current be release $name" switch_to "$name"
  fi
  install_units_of "$release"
  enable_units "$release"

  if [[ $dry_run == yes ]]; then
    say "would: ${PROGRAMS[*]} start one after the other, each when the one before is ready"
    return
  fi
  if ((changes == 0)); then say 'Nothing to change.'; fi
  if ! bring_all_up "$(if ((changes > 0)); then echo restart; else echo start; fi)"; then
    if [[ -z $before || $before == "$name" ]]; then
      die 1 'It is installed and does not run. Look: sudo sensorctl doctor'
    fi
    say "Release $name does not run: going back to $before."
    go_back_to "$before" || die 1 'That one does not run either. Look: sudo sensorctl doctor'
    # A release that did not come up is none to go back to.
    if [[ -n $older ]]; then link_to previous "$older"; else rm -f -- "$PREFIX/previous"; fi
    die 1 "Release $before runs again. What is wrong with $name is in the journal: journalctl -u sensor-main -n 100"
  fi
  prune_releases
  say "
Release $name runs. Next:
  sudo sensorctl status         is it OK?
  sudo sensorctl doctor         is the machine fit for it?
  sudo sensorctl readings       what has been stored
  $CONFIG_DIR/config.yaml       which sensors there are, and where readings go
  journalctl -fu sensor-main    what it says
  $PREFIX/current/docs/metrics.md  for Prometheus and Grafana: numbers, a dashboard, alerts"
  if ! clock_synchronised; then
    say "
Nobody vouches for the clock yet: readings are kept until somebody does, at most clock.hold (5 min), and then
sent. See: timedatectl"
  fi
}

go_back_to() { # release-name
  switch_to "$1"
  install_units_of "$PREFIX/releases/$1"
  restore_copies "$PREFIX/releases/$1"
  bring_all_up restart
}

do_rollback() {
  local before current
  before=$(release_of previous)
  current=$(release_of current)
  if [[ -z $before || ! -d $PREFIX/releases/$before ]]; then die 78 'There is no release to go back to.'; fi
  node=$("$here/find-node.sh" ${node:+"$node"})
  say "Release $current will be replaced by $before, the one before."
  confirm 'Go on?'
  if [[ $dry_run == yes ]]; then
    say "would: let $PREFIX/current be release $before, and restart ${PROGRAMS[*]}"
    return
  fi
  go_back_to "$before" || die 1 'It does not run. Look: sudo sensorctl doctor'
  say "Release $before runs."
}

while (($# > 0)); do
  case $1 in
    --dry-run) dry_run=yes ;;
    --yes | -y) yes=yes ;;
    --node)
      node=${2:-}
      if [[ $node != /* ]]; then usage; fi
      shift
      ;;
    --rollback | --uninstall | --purge)
      if [[ $mode != install ]]; then usage; fi
      mode=${1#--}
      ;;
    *) usage ;;
  esac
  shift
done

if [[ $dry_run == no ]]; then
  if ((EUID != 0)); then die 77 'This needs root: sudo ./deploy/install.sh, or --dry-run to see what it would do.'; fi
  # Two at once would undo each other.
  exec 9>/run/lock/sensor-gateway-install.lock
  flock -n 9 || die 75 'another installation is under way'
fi
"do_$mode"

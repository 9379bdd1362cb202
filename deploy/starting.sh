#!/usr/bin/env bash
#
# The part of install.sh that starts the programs and waits until they are ready. Not to be run: install.sh reads it.
#
# shellcheck disable=SC2154 # The constants are of steps.sh.

# systemd itself says when a start has failed: it gives each program the TimeoutStartSec of its unit, and more while
# the program says that it copies or reads through a large database. This is for a systemd that never says: so long
# takes half of a card of 128 GB, more than a store has that is copied beside itself, at the 5 MB/s of the slowest.
readonly READY_MAX_S=14400
# Whoever waits hears as often that it still goes on.
readonly TELL_S=60
# What systemd answers at once.
readonly ANSWER_MAX_S=60
# A program that ends right after it was ready has not come up.
readonly STAYS_S=3

# Starts or restarts one unit, waits for READY, and sees that it stays.
bring_up() { # unit verb
  local unit=$1
  systemctl reset-failed "$unit" 2>/dev/null || true
  if await_ready "$unit" "$2" && sleep "$STAYS_S" && systemctl is-active --quiet "$unit"; then
    say "  ready: $unit"
    return
  fi
  say "  NOT ready: $unit. Its last words:"
  { timeout 20 journalctl -u "$unit" -n 12 --no-pager -o cat 2>/dev/null || true; } | sed 's/^/    /'
  return 1
}

# A systemctl that is cut off only waits no longer; the next one joins the start that is under way.
await_ready() { # unit verb
  local unit=$1 verb=$2 waited=0 status
  while ((waited < READY_MAX_S)); do
    status=0
    timeout "$TELL_S" systemctl "$verb" "$unit" 2>/dev/null || status=$?
    # Not cut off: this is what systemd has to say.
    if ((status != 124)); then return "$status"; fi
    is_under_way "$unit" || return 1
    waited=$((waited + TELL_S))
    verb=start
    say "  still starting, $waited s so far: $unit. Over a large database that takes its time: journalctl -fu ${unit%.service}"
  done
  return 1
}

# Whether an earlier order is still carried out. What waits to be started once more has failed.
is_under_way() { # unit
  local state
  state=$(timeout "$ANSWER_MAX_S" systemctl show "$1" -p ActiveState -p SubState) || return 1
  [[ $state =~ ActiveState=(activating|deactivating|active) && $state != *SubState=auto-restart* ]]
}

bring_all_up() { # verb
  local unit
  for unit in "${PROGRAMS[@]}"; do bring_up "$unit" "$1" || return 1; done
  unit=sensor-recover.timer
  if [[ -e $UNIT_DIR/$unit ]]; then timeout "$ANSWER_MAX_S" systemctl "$1" "$unit" || return 1; fi
  if [[ -e $UNIT_DIR/$MONITOR ]]; then
    bring_up "$MONITOR" "$1" || say "  readings are taken and stored without it. Look: journalctl -u ${MONITOR%.service} -n 50"
  fi
}

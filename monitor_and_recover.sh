#!/usr/bin/env bash
#
# The last safety net: restarts a unit of the sensor gateway that systemd believes to be fine, or has
# given up on. Meant for cron, once a minute, as root:
#
#   * * * * * root /opt/sensor-gateway/current/monitor_and_recover.sh
#
# It says nothing while all is well, and one line for every decision (standard output and syslog). It
# never waits without a limit, never runs twice at once, and needs no journal: a Raspberry Pi may not
# keep one. It leaves alone what systemd is restarting just now, what a person has stopped, and what
# ended with exit code 78, because a wrong configuration does not become right by starting it again. Three
# restarts of a unit in an hour have not helped: it then leaves a ticket (a file UNIT.ticket in its notes)
# and restarts that unit no more until the first of them is an hour ago. A unit that is well again loses its
# ticket at once, and not the count of its restarts: what fails again and again is to be bounded, too.
#
#   monitor_and_recover.sh [--dry-run] [--verbose]
#
# RECOVER_REBOOT=yes in its environment lets it reboot the machine when a ticket has stood for an hour: at
# most once a day, and never in the first two hours after a boot. Without it, it never does.
#
# Exit codes: 0 all well, or nothing to be done from here; 1 something was (or would have been)
# restarted, or waits for its cooldown; 64 wrong usage; 73 no place for the notes.

set -uo pipefail
export LC_ALL=C PATH="${PATH:-/usr/sbin:/usr/bin:/sbin:/bin}"

readonly API_UNIT=sensor-api-write.service
readonly READER_UNIT=sensor-main.service
readonly MONITOR_UNIT=sensor-monitor.service
# The write API answers there whatever its port, its host and its certificate are.
readonly API_SOCKET="${RECOVER_RUN_DIR:-/run/sensor-gateway}/sensor-api.sock"
readonly API_URL="${RECOVER_HEALTH_URL:-http://127.0.0.1:8470/livez}"
readonly HEALTH_FILE="${RECOVER_RUN_DIR:-/run/sensor-gateway}/sensor-main.health.json"
readonly MONITOR_HEALTH_FILE="${RECOVER_RUN_DIR:-/run/sensor-gateway}/sensor-monitor.health.json"

readonly UPTIME_FILE="${RECOVER_UPTIME_FILE:-/proc/uptime}"

# Our notes belong to root, in a directory of their own: in one that the service user may write, a
# planted link could make root write somewhere else. In /run, because after a reboot they mean nothing.
# Everybody may look into it, and read tickets: the monitor does, and is nobody special.
readonly NOTES_DIR="${RECOVER_NOTES_DIR:-/run/sensor-gateway-recover}"

# The health file is renewed at every heartbeat (10 s), and the watchdog restarts after 30 s. After
# three times that the watchdog itself has failed.
readonly HEALTH_AGE_MAX_S=90
# A unit that is active but does not answer may only be busy: it must look bad in two runs in a row.
readonly STRIKES_MAX=2
# Between two restarts of a unit by us, and before a start limit is lifted. Longer than any start-up, so
# that a restart can show its effect.
readonly COOLDOWN_S=300
readonly RESTARTS_MAX=3
readonly RESTARTS_WINDOW_S=3600
# The last resort, for those who want it. What a restart did not mend in an hour may be the machine.
readonly REBOOT="${RECOVER_REBOOT:-no}"
readonly REBOOT_AFTER_S=3600
readonly REBOOT_UPTIME_MIN_S=7200
readonly REBOOT_AGAIN_S=86400
# The only note that must outlive a boot.
readonly REBOOT_NOTE="${RECOVER_STATE_DIR:-/var/lib/sensor-gateway-recover}/rebooted"
# Every command outside is cut off after this: a run ends even on a machine that hardly moves any more.
readonly COMMAND_MAX_S=8

dry_run=no
verbose=no
worst=0

say() { # level text
  printf '%s\n' "$2"
  if [[ $dry_run == no ]]; then
    timeout "$COMMAND_MAX_S" logger -t sensor-gateway-recover -p "daemon.$1" -- "$2" 2>/dev/null || true
  fi
}

chat() { # text: only for somebody who watches
  if [[ $verbose == yes ]]; then printf '%s\n' "$1"; fi
}

# Seconds since boot. Never the time of day: it jumps when a Pi without a clock battery hears of the time.
uptime_s() {
  local up
  read -r up _ <"$UPTIME_FILE"
  printf '%s' "${up%%.*}"
}

note() { # name -> the number that was noted, or nothing
  local value=''
  if [[ -r $NOTES_DIR/$1 ]]; then read -r value <"$NOTES_DIR/$1" || true; fi
  if [[ $value =~ ^[0-9]{1,15}$ ]]; then printf '%s' "$value"; fi
}

write_note() { # name number
  if [[ $dry_run == no ]]; then printf '%s\n' "$2" >"$NOTES_DIR/$1"; fi
}

forget_note() { # name
  if [[ $dry_run == no ]]; then rm -f "$NOTES_DIR/$1"; fi
}

# When we restarted a unit in the last hour, oldest first.
recent_restarts() { # unit now
  local now=$2 when
  [[ -r $NOTES_DIR/$1.restarts ]] || return 0
  while read -r when; do
    if [[ $when =~ ^[0-9]{1,15}$ ]] && ((now >= when && now - when < RESTARTS_WINDOW_S)); then printf '%s\n' "$when"; fi
  done <"$NOTES_DIR/$1.restarts"
}

# Three times did not help. Says so once an hour, leaves a file for whoever looks, and goes no further.
ticket() { # unit reason now
  local unit=$1 reason=$2 now=$3 since
  since=$(note "$unit.ticket")
  if [[ -z $since ]]; then
    since=$now
    if [[ $dry_run == no ]]; then
      printf '%s\nunit: %s\nreason: %s\nrestarts: %s in the last hour\n' \
        "$now" "$unit" "$reason" "$RESTARTS_MAX" >"$NOTES_DIR/$unit.ticket"
    fi
  fi
  if [[ $dry_run == no ]]; then chmod 644 "$NOTES_DIR/$unit.ticket"; fi
  say_hourly "$unit.ticket" "$unit: $reason; $RESTARTS_MAX restarts in an hour did not help. Somebody must look: systemctl status $unit"
  if [[ $REBOOT == yes ]] && ((now - since >= REBOOT_AFTER_S)); then reboot_machine "$unit" "$now"; fi
}

reboot_machine() { # unit now
  local rebooted='' wall
  wall=$(date +%s)
  if (($2 < REBOOT_UPTIME_MIN_S)); then return; fi
  if [[ -r $REBOOT_NOTE ]]; then read -r rebooted <"$REBOOT_NOTE" || true; fi
  # A clock that was set back says nothing about how long ago it was: then not today.
  if [[ $rebooted =~ ^[0-9]{1,15}$ ]] && ((wall - rebooted < REBOOT_AGAIN_S)); then return; fi
  if [[ $dry_run == yes ]]; then
    say crit "$1: has needed help for an hour; would reboot the machine"
    return
  fi
  # Without the note it could reboot again and again.
  if ! mkdir -p "${REBOOT_NOTE%/*}" || ! printf '%s\n' "$wall" >"$REBOOT_NOTE"; then return; fi
  say crit "$1: has needed help for an hour; rebooting the machine"
  timeout "$COMMAND_MAX_S" sync || true
  timeout "$COMMAND_MAX_S" systemctl reboot || true
}

restart() { # unit reason
  local unit=$1 reason=$2 now last
  local -a recent=()
  now=$(uptime_s)
  worst=1
  mapfile -t recent < <(recent_restarts "$unit" "$now")
  last=${recent[*]: -1}
  if [[ -n $last ]] && ((now - last < COOLDOWN_S)); then
    say warning "$unit: $reason; restarted $((now - last)) s ago, waiting until $COOLDOWN_S s have passed"
    return
  fi
  if ((${#recent[@]} >= RESTARTS_MAX)); then
    ticket "$unit" "$reason" "$now"
    return
  fi
  if [[ $dry_run == yes ]]; then
    say warning "$unit: $reason; would restart it"
    return
  fi
  printf '%s\n' "${recent[@]}" "$now" >"$NOTES_DIR/$unit.restarts"
  forget_note "$unit.strikes"
  # A unit at its start limit refuses to start until this.
  timeout "$COMMAND_MAX_S" systemctl reset-failed "$unit" 2>/dev/null || true
  if timeout "$COMMAND_MAX_S" systemctl --no-block restart "$unit"; then
    say warning "$unit: $reason; restarted"
  else
    say err "$unit: $reason; systemctl could not restart it"
  fi
}

# Looks bad for the first time: remember. For the second time in a row: restart.
strike() { # unit reason
  local unit=$1 reason=$2 strikes
  strikes=$(note "$unit.strikes")
  strikes=$((${strikes:-0} + 1))
  if ((strikes >= STRIKES_MAX)); then
    restart "$unit" "$reason, $strikes times in a row"
  else
    write_note "$unit.strikes" "$strikes"
    say notice "$unit: $reason; will look again before doing anything"
  fi
}

# Prints why a program's health is not to be trusted; nothing if it is.
file_trouble() { # health-file
  local generated_ms age_s
  if [[ ! -r $1 ]]; then
    printf 'is active but has no health file'
    return
  fi
  # The directory is the service's: what lies there in place of a file must not keep us.
  generated_ms=$(timeout "$COMMAND_MAX_S" head -c 65536 "$1" | sed -n 's/.*"generated_mono_ms":\([0-9]\{1,15\}\).*/\1/p')
  if [[ -z $generated_ms ]]; then
    printf 'has a health file that cannot be read'
    return
  fi
  age_s=$(($(uptime_s) - generated_ms / 1000))
  if ((age_s > HEALTH_AGE_MAX_S)); then printf 'has not renewed its health file for %s s' "$age_s"; fi
}

reader_trouble() { file_trouble "$HEALTH_FILE"; }

# Not by asking it: that it cannot read a store is no fault of its own.
monitor_trouble() { file_trouble "$MONITOR_HEALTH_FILE"; }

# Whether it lives, not whether its store can be written: no restart mends a full disk, or a database that is away.
api_trouble() {
  # Its /health says 503 of the store as well, and is what people were told to name here once.
  local status url=${API_URL/%\/health/\/livez} place
  local -a through=()
  place=$url
  if [[ -z ${RECOVER_HEALTH_URL:-} && -S $API_SOCKET ]]; then
    through=(--unix-socket "$API_SOCKET")
    url=http://localhost/livez
    place=$API_SOCKET
  fi
  # Whether it answers is asked, not who it is: its certificate, if it has one, is for another name than this address.
  # And it is asked here, whatever proxy is set for the machine.
  status=$(timeout "$COMMAND_MAX_S" curl --silent --insecure --noproxy '*' --output /dev/null --max-time 5 \
    --write-out '%{http_code}' "${through[@]}" "$url")
  if [[ $status != 200 ]]; then printf 'does not answer %s (status %s)' "$place" "${status:-none}"; fi
}

check() { # unit trouble-function
  local unit=$1 trouble_of=$2 state key value trouble
  local -A is=()
  if ! state=$(timeout "$COMMAND_MAX_S" systemctl show "$unit" -p LoadState -p ActiveState -p SubState -p Result -p ExecMainStatus \
    -p InactiveEnterTimestampMonotonic); then
    worst=1
    say err "$unit: systemctl does not answer; nothing can be done from here"
    return
  fi
  while IFS='=' read -r key value; do is[$key]=$value; done <<<"$state"

  if [[ ${is[LoadState]:-} != loaded ]]; then
    chat "$unit: not installed (${is[LoadState]:-unknown})"
  elif [[ ${is[ActiveState]:-} == active ]]; then
    trouble=$("$trouble_of")
    if [[ -n $trouble ]]; then
      strike "$unit" "$trouble"
    else
      forget_note "$unit.strikes"
      forget_note "$unit.ticket"
      chat "$unit: active and healthy"
    fi
  elif [[ ${is[ActiveState]:-} == failed && ${is[ExecMainStatus]:-} == 78 ]]; then
    # Said once an hour, not once a minute: only a person can mend it.
    say_hourly "$unit" "$unit: its configuration is wrong (exit code 78); left alone. See: systemctl status $unit"
  elif [[ ${is[ActiveState]:-} == failed ]] && ! cooled_down "${is[InactiveEnterTimestampMonotonic]:-0}"; then
    # At its start limit it has failed many times just now, and the result is still that of the last time:
    # what systemd does for a reason is not undone at once.
    worst=1
    say_hourly "$unit" "$unit: has failed (${is[Result]:-unknown}) and systemd has given up; will start it when $COOLDOWN_S s have passed"
  elif [[ ${is[ActiveState]:-} == failed ]]; then
    restart "$unit" "has failed (${is[Result]:-unknown}) and systemd has given up"
  elif [[ ${is[ActiveState]:-} == inactive ]]; then
    chat "$unit: was stopped; left alone"
  else
    chat "$unit: ${is[ActiveState]:-unknown} (${is[SubState]:-unknown}), systemd is at it; left alone"
  fi
}

# Whether a unit has been down for the cooldown.
cooled_down() { # microseconds since boot
  (($(uptime_s) - $1 / 1000000 >= COOLDOWN_S))
}

say_hourly() { # name text
  local now last
  now=$(uptime_s)
  last=$(note "$1.said")
  if [[ -n $last ]] && ((now >= last && now - last < 3600)); then
    chat "$2"
  else
    write_note "$1.said" "$now"
    say err "$2"
  fi
}

main() {
  local argument
  for argument in "$@"; do
    case $argument in
      --dry-run) dry_run=yes verbose=yes ;;
      --verbose) verbose=yes ;;
      *)
        printf 'usage: %s [--dry-run] [--verbose]\n' "${0##*/}" >&2
        return 64
        ;;
    esac
  done

  # Who can open the lock can hold it, and keep us from ever running: it stays for root alone.
  umask 077
  if ! mkdir -p "$NOTES_DIR" || ! chmod 755 "$NOTES_DIR" || ! exec 9>"$NOTES_DIR/lock"; then
    printf 'cannot keep notes in %s; run it as root\n' "$NOTES_DIR" >&2
    return 73
  fi
  if ! flock -n 9; then
    chat 'another run is under way'
    return 0
  fi

  check "$API_UNIT" api_trouble
  check "$READER_UNIT" reader_trouble
  check "$MONITOR_UNIT" monitor_trouble
  return "$worst"
}

main "$@"

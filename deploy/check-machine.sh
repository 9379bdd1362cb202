#!/usr/bin/env bash
#
# Can the sensor gateway be installed on this machine? Looks, and changes nothing. One line for each
# question: "ok", "note" (works, but something could be better) or "NO" (with what to do).
#
#   check-machine.sh [--node PATH]
#
# Exit codes: 0 yes, whatever the notes say; 64 wrong usage; 78 no.

set -uo pipefail
export LC_ALL=C

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
# shellcheck source=deploy/clock.sh
. "$here/clock.sh"
readonly PREFIX=/opt/sensor-gateway
readonly UNIT_DIR=/etc/systemd/system
readonly UNITS=(sensor-api-write.service sensor-main.service sensor-monitor.service)

# Debian 12 has it, and nothing older is tested.
readonly SYSTEMD_MIN=252
# Two releases of 60 MiB side by side, a third in the making, and the compiler's room if one is needed.
readonly OPT_MIB_MIN=400
# An outbox at its smallest bound, a store that begins, and outbox.disk_reserve.
readonly DATA_MIB_MIN=160
# The three programs take some 170 MiB; below this little is left for the system.
readonly MEMORY_MIB_WANTED=400

bad=0
ok() { printf 'ok    %s\n' "$1"; }
note() { printf 'note  %s\n' "$1"; }
no() {
  printf 'NO    %s\n' "$1"
  bad=1
}

check_systemd() {
  local version state
  version=$(systemctl --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
  if [[ -z $version ]]; then
    no 'systemd is not installed; without it, run it by hand: npm start'
    return
  fi
  state=$(systemctl is-system-running 2>/dev/null)
  if [[ -z $state || $state == offline || $state == unknown ]]; then
    no 'systemd does not run this machine (a container?); run it by hand: npm start'
  elif ((version < SYSTEMD_MIN)); then
    no "systemd $version is too old: $SYSTEMD_MIN or newer is needed (Debian 12, Raspberry Pi OS bookworm)"
  else
    ok "systemd $version"
  fi
}

check_node() { # [path]
  local node message arch machine
  machine=$(uname -m)
  if [[ $machine == armv6l ]]; then
    no 'armv6l (Pi 1, Pi Zero, Pi Zero W): no Node of today is built for it; a Pi Zero 2 or newer will do'
    return
  fi
  if ! node=$("$here/find-node.sh" "$@" 2>&1); then
    no "${node#find-node.sh: }"
    return
  fi
  arch=$(timeout 20 "$node" -p process.arch 2>/dev/null)
  case $arch in
    x64 | arm64 | arm) ok "$node $(timeout 20 "$node" --version), $arch on $machine" ;;
    *)
      message="$node is for ${arch:-an unknown architecture}: tested are x64, arm64 and 32-bit arm"
      no "$message"
      ;;
  esac
  if [[ $arch == arm && $machine == aarch64 ]]; then
    note 'a 64-bit kernel with 32-bit programs: works, and SQLite is compiled here'
  fi
}

free_mib() { # the nearest directory above that exists
  local dir=$1
  while [[ ! -d $dir ]]; do dir=$(dirname -- "$dir"); done
  df -Pm -- "$dir" | awk 'NR == 2 { print $4 }'
}

check_disk() {
  local place wanted free
  for place in "$PREFIX:$OPT_MIB_MIN" "/var/lib/sensor-gateway:$DATA_MIB_MIN"; do
    wanted=${place##*:} place=${place%:*}
    free=$(free_mib "$place")
    if [[ ! $free =~ ^[0-9]+$ ]]; then
      note "how much is free for $place cannot be told"
    elif ((free < wanted)); then
      no "$free MiB free for $place, and $wanted MiB are needed: sudo apt-get clean; sudo journalctl --vacuum-size=50M"
    else
      ok "$free MiB free for $place"
    fi
  done
}

check_memory() {
  local total
  total=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
  if ((total < MEMORY_MIB_WANTED)); then
    note "$total MiB of memory is little: let nothing else run on this machine"
  else
    ok "$total MiB of memory"
  fi
  if grep -qw cgroup_disable=memory /proc/cmdline && ! grep -qw cgroup_enable=memory /proc/cmdline; then
    note 'memory limits do nothing here: add cgroup_enable=memory cgroup_memory=1 to /boot/firmware/cmdline.txt'
  fi
}

# Whatever this installer has not made itself, it must not write over.
check_other_installations() {
  local unit file others=no
  if [[ -e $PREFIX && ! -d $PREFIX/releases && -n $(ls -A "$PREFIX" 2>/dev/null) ]]; then
    no "$PREFIX was not made by this installer: move it away (sudo mv $PREFIX $PREFIX.by-hand)"
    others=yes
  fi
  for unit in "${UNITS[@]}"; do
    file=$UNIT_DIR/$unit
    if [[ -L $file && $(readlink -- "$file") == /dev/null ]]; then
      no "$unit is masked: sudo systemctl unmask $unit"
      others=yes
    elif [[ -e $file ]] && ! grep -qE "^ExecStart=.*$PREFIX/(current/)?dist/" "$file"; then
      no "$file starts another installation: remove it, or keep that one"
      others=yes
    fi
  done
  if [[ $others == no ]]; then ok 'no other installation in the way'; fi
}

port_of_config() { # section default
  local file=/etc/sensor-gateway/config.yaml port=''
  if [[ -r $file ]]; then
    port=$(sed -n "/^$1:/,/^[^ #]/s/^ \\{1,\\}port: *\\([0-9]\\{1,5\\}\\).*/\\1/p" "$file" | head -n 1)
  fi
  printf '%s' "${port:-$2}"
}

check_port() { # section default unit
  local port
  port=$(port_of_config "$1" "$2")
  if systemctl is-active --quiet "$3" 2>/dev/null; then
    ok "port $port is in the hands of $3, which runs"
  elif timeout 2 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port" 2>/dev/null; then
    no "somebody listens on 127.0.0.1:$port (npm start?): stop it, or set $1.port. See: sudo ss -ltnp 'sport = :$port'"
  else
    ok "port $port is free"
  fi
}

check_surroundings() {
  if ! clock_synchronised; then
    note 'the clock is not synchronised: readings are kept until it is, at most clock.hold (5 min), then sent and mended later (sudo timedatectl set-ntp true)'
  fi
  if ! compgen -G '/dev/i2c-*' >/dev/null; then
    note 'no I2C bus; if sensors hang on one: sudo raspi-config nonint do_i2c 0'
  fi
}

main() {
  local node=()
  while (($# > 0)); do
    case $1 in
      --node)
        node=("${2:?--node needs a path}")
        shift 2
        ;;
      *)
        printf 'usage: %s [--node PATH]\n' "${0##*/}" >&2
        return 64
        ;;
    esac
  done
  check_systemd
  check_node "${node[@]}"
  check_disk
  check_memory
  check_other_installations
  check_port api 8470 sensor-api-write.service
  check_port monitor 8471 sensor-monitor.service
  check_surroundings
  if ((bad > 0)); then return 78; fi
}

main "$@"

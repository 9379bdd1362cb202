#!/usr/bin/env bash
#
# Boots systemd as PID 1 in a container on a throw-away copy of a root file system, and stays until it is
# powered off (exit code 0) or wants to be booted again (133). Prints `booted PID`, the pid of that PID 1 as this machine sees it, once it runs. SIGTERM
# powers it off. Meant to run in a mount namespace of its own, so that nothing is left behind. NAME is
# `sensorgw-PID-N`, with the process that wants the machine: what is left of a machine whose process is gone
# (all were killed, and nobody could clean up) goes at the next start of any.
#
#   unshare --mount --propagation private boot-machine.sh ROOTFS NAME [systemd-nspawn option...]

set -euo pipefail

rootfs=$1 name=$2
shift 2

mount -t tmpfs -o size=2g tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o "lowerdir=$rootfs,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root

# The controllers come read-only into a container, and systemd would then set no limit without saying so.
cat >/mnt/root/usr/local/sbin/pid1 <<'PID1'
#!/bin/sh
for controller in memory cpu cpuacct pids blkio devices freezer cpuset; do
  mount -o remount,bind,rw,nosuid,nodev,noexec "/sys/fs/cgroup/$controller" 2>/dev/null
done
# The word is for systemd 256 and newer, which otherwise refuse to run on version 1 of cgroups.
exec /lib/systemd/systemd SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1
PID1
chmod 755 /mnt/root/usr/local/sbin/pid1

# A child cgroup of its own in every hierarchy: machines that run at the same time must not meet there.
cgroups=()
enter_cgroups() {
  local controllers path dir
  while IFS=: read -r _ controllers path; do
    case $controllers in
      '') dir=/sys/fs/cgroup/unified$path ;;
      name=*) dir=/sys/fs/cgroup/${controllers#name=}$path ;;
      *) dir=/sys/fs/cgroup/$controllers$path ;;
    esac
    dir=${dir%/}/$name
    mkdir "$dir" 2>/dev/null || continue
    if [[ -e $dir/cpuset.cpus ]]; then
      cat "${dir%/*}/cpuset.cpus" >"$dir/cpuset.cpus"
      cat "${dir%/*}/cpuset.mems" >"$dir/cpuset.mems"
    fi
    cgroups+=("$dir")
  done </proc/self/cgroup
  for dir in "${cgroups[@]}"; do echo "$1" >"$dir/cgroup.procs" || true; done
}

# shellcheck disable=SC2317 # It is a trap.
leave_cgroups() {
  local dir
  for dir in "${cgroups[@]}"; do echo $$ >"${dir%/*}/cgroup.procs" || true; done
  if ((${#cgroups[@]} > 0)); then remove_cgroups "${cgroups[@]}"; fi
}

# Whatever still runs in them, and they themselves. Deepest first: only an empty one can be removed, and
# one empties a moment after its last process was killed.
remove_cgroups() { # directory...
  local pid
  for _ in {1..50}; do
    # 0 is a process that this one cannot see, and to `kill` it would be this one's whole group.
    while read -r pid; do
      if ((pid > 0)); then kill -KILL "$pid" 2>/dev/null || true; fi
    done < <(find "$@" -name cgroup.procs -exec cat {} + 2>/dev/null)
    find "$@" -depth -type d -exec rmdir {} + 2>/dev/null || true
    if [[ -z $(find "$@" -maxdepth 0 2>/dev/null) ]]; then return; fi
    sleep 0.1
  done
}

sweep_leftovers() {
  local dir owner
  local -a left=()
  # Where it lies in a hierarchy depends on who started it: the depth is that of a login session, and more.
  while read -r dir; do
    owner=${dir##*/sensorgw-} owner=${owner%%-*}
    if ! kill -0 "$owner" 2>/dev/null; then left+=("$dir"); fi
  done < <(find /sys/fs/cgroup -maxdepth 6 -type d -name 'sensorgw-[0-9]*-*' -prune 2>/dev/null)
  if ((${#left[@]} > 0)); then remove_cgroups "${left[@]}"; fi
}

inside() {
  nsenter -t "$leader" -m -u -i -n -p -C -- "$@"
}

sweep_leftovers
enter_cgroups $$
# It ends with us, however we end.
setpriv --pdeathsig TERM systemd-nspawn --quiet --directory=/mnt/root --register=no --keep-unit --machine="$name" \
  --kill-signal=SIGRTMIN+14 --private-network --console=pipe "$@" /usr/local/sbin/pid1 </dev/null >/mnt/console 2>&1 &
nspawn=$!
trap 'kill -TERM "$nspawn" 2>/dev/null || true' TERM INT
trap leave_cgroups EXIT

# PID 1 is the child of systemd-nspawn that has become systemd in a pid namespace of its own.
leader=''
for _ in {1..500}; do
  for pid in $(pgrep -P "$nspawn" || true); do
    if grep -qE '^NSpid:.*[[:space:]]1$' "/proc/$pid/status" && [[ $(<"/proc/$pid/comm") == systemd ]]; then leader=$pid; fi
  done 2>/dev/null
  if [[ -n $leader ]] || ! kill -0 "$nspawn" 2>/dev/null; then break; fi
  sleep 0.02
done
for _ in {1..600}; do
  case $(inside systemctl is-system-running 2>/dev/null || true) in
    running | degraded)
      printf 'booted %s\n' "$leader"
      wait "$nspawn" && exit 0
      code=$?
      # A signal ends the first wait and not systemd-nspawn.
      if kill -0 "$nspawn" 2>/dev/null; then
        wait "$nspawn" && exit 0
        code=$?
      fi
      exit "$code"
      ;;
  esac
  if ! kill -0 "$nspawn" 2>/dev/null; then break; fi
  sleep 0.05
done
cat /mnt/console >&2
kill -TERM "$nspawn" 2>/dev/null || true
exit 1

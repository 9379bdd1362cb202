#!/bin/busybox sh
#
# The first program of a virtual machine: finds its disks, and hands over to systemd, or with `sgw.bare` on
# the kernel's command line to the one that takes orders (guest-agent.sh), which saves ten seconds. Disks: vda
# is Debian, vdb the project, those after it belong to the test.

b=/bin/busybox
$b mount -t devtmpfs none /dev
$b mount -t proc none /proc
$b mount -t sysfs none /sys
for module in /modules/*; do $b insmod "$module"; done
# A minute, because the host may have no time for this machine; without its disks there is nothing to do.
tries=0
until [ -b /dev/vdb ] || [ "$tries" -ge 300 ]; do
  tries=$((tries + 1))
  $b sleep 0.2
done
$b mount -t ext4 /dev/vda /root || exec $b sh
$b mount -t ext4 -o ro /dev/vdb /root/opt/sensor-gateway || exec $b sh
for dir in dev proc sys; do $b mount --move /$dir /root/$dir; done

if $b grep -q sgw.bare /root/proc/cmdline; then
  # shellcheck disable=SC2093 # nothing is to follow
  exec $b switch_root /root /bin/sh -c "
    export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
    mount -t tmpfs none /run
    mount -t tmpfs none /tmp
    exec /opt/sensor-gateway/guest-agent"
fi
exec $b switch_root /root /lib/systemd/systemd

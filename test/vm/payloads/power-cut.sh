#!/bin/sh
#
# Appends to two outboxes on two disks until the power goes: one with synchronous=FULL, its twin with NORMAL.

set -eu

# disk synchronous port
write() {
  mkdir -p "/data/$2"
  mount -t ext4 "/dev/$1" "/data/$2"
  node test/crash/outbox-writer.js \
    "{\"file\":\"/data/$2/outbox.db\",\"notes\":\"/dev/$3\",\"rows\":20,\"synchronous\":\"$2\"}" &
}

mkdir -p /data
mount -t tmpfs none /data
write vdc FULL vport1p1
write vdd NORMAL vport1p2
wait

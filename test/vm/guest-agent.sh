#!/bin/sh
#
# Takes orders from outside of a virtual machine: each line of the first port is a shell script in base64.
# Its answer is one line, too: what the script has said, and after that the code it ended with. What a
# script leaves running may say more, a line at a time, on /dev/hvc0.

while ! [ -c /dev/vport1p1 ] || ! [ -c /dev/hvc0 ]; do sleep 0.1; done
stty -F /dev/hvc0 raw
cd /opt/sensor-gateway/payload || exit
exec 3<>/dev/vport1p1
echo ready >&3
while read -r order <&3; do
  script=$(printf '%s' "$order" | base64 -d)
  said=$(
    sh -c "$script" 2>&1 </dev/null 3>&-
    echo "$?"
  )
  printf '%s' "$said" | base64 -w 0 >&3
  echo >&3
done

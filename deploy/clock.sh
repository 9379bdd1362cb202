#!/usr/bin/env bash
#
# Whether a time service vouches for this machine's clock. Not to be run: check-machine.sh and install.sh
# read it.

clock_synchronised() {
  [[ -e /run/systemd/timesync/synchronized ]] ||
    [[ $(timeout 5 timedatectl show -p NTPSynchronized --value 2>/dev/null) == yes ]]
}

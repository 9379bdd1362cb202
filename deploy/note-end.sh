#!/bin/sh
#
# ExecStopPost= of the units: notes how a program has ended, if not well, beside its health file. systemd itself
# forgets it as soon as the program runs again, and the journal may not outlive a full disk.
#
#   note-end.sh UNIT    adds a line to $RUNTIME_DIRECTORY/UNIT.ends: seconds since the boot, $SERVICE_RESULT
#                       (watchdog, oom-kill, signal, ...), $EXIT_CODE, $EXIT_STATUS
#
# The monitor reads the lines. A directory of /run is empty after each boot, so they are all of this one. Only
# whoever stops a unit runs this, so no two write at once; a reader sees the old file or the new one.

set -eu

# What systemd allows of restarts before it gives up.
LINES_MAX=20

if [ "${SERVICE_RESULT:-success}" = success ]; then exit 0; fi

notes=$RUNTIME_DIRECTORY/$1.ends
read -r uptime _ </proc/uptime
{
  if [ -f "$notes" ]; then tail -n "$((LINES_MAX - 1))" -- "$notes"; fi
  printf '%s %s %s %s\n' "$uptime" "$SERVICE_RESULT" "${EXIT_CODE:--}" "${EXIT_STATUS:--}"
} >"$notes.new"
mv -T -- "$notes.new" "$notes"

#!/usr/bin/env bash
#
# The part of install.sh that takes away: --uninstall and --purge. Not to be run: install.sh reads it.
#
# shellcheck disable=SC2034,SC2154 # dry_run, mode and yes are of steps.sh.

remove_unit() { # unit
  systemctl disable --now --quiet "$1" 2>/dev/null || true
  systemctl reset-failed "$1" 2>/dev/null || true
  rm -f -- "$UNIT_DIR/$1" "$UNIT_DIR/$1.d/$NODE_DROP_IN" "$UNIT_DIR/$1.d/$DELAY_DROP_IN"
  # What a person has changed, or added beside ours, is his.
  if cmp -s -- "$UNIT_DIR/$1.d/$NETWORK_DROP_IN" "$here/monitor-network.conf"; then
    rm -f -- "$UNIT_DIR/$1.d/$NETWORK_DROP_IN"
  fi
  rmdir -- "$UNIT_DIR/$1.d" 2>/dev/null || true
}

do_uninstall() {
  local index unit path
  confirm "The gateway will be removed; $CONFIG_DIR and $DATA_DIR stay. Go on?"
  # Last started, first stopped.
  for ((index = ${#UNITS[@]} - 1; index >= 0; index -= 1)); do
    unit=${UNITS[index]}
    if [[ -e $UNIT_DIR/$unit ]]; then act "stop and remove $unit" remove_unit "$unit"; fi
  done
  for path in "$CRON" "$COMMAND" "$CONFIG_DIR/config.example.yaml" /run/sensor-gateway /run/sensor-gateway-recover \
    /var/lib/sensor-gateway-recover; do
    if [[ -e $path ]]; then act "remove $path" rm -rf -- "$path"; fi
  done
  remove_shell_files
  if [[ $dry_run == no ]]; then systemctl daemon-reload; fi
  if [[ $mode == purge ]]; then purge_rest; fi
  if [[ -e $PREFIX ]]; then act "remove $PREFIX" rm -rf -- "$PREFIX"; fi
  if [[ $mode == uninstall ]]; then
    say "Left for the next installation: $CONFIG_DIR, $DATA_DIR, the user $SERVICE_USER ($SYSUSERS). --purge removes them, too."
  fi
}

# With the directories that were made for them, if nobody else has put something there.
remove_shell_files() {
  local pair path dir
  for pair in "${SHELL_FILES[@]}"; do
    path=${pair#*=}
    if [[ ! -e $path ]]; then continue; fi
    act "remove $path" rm -f -- "$path"
    if [[ $dry_run == yes ]]; then continue; fi
    dir=${path%/*}
    while [[ $dir != "$SHARE" && $dir != "$SHARE/man" && $dir != "$ZSH_DIR" ]] && rmdir -- "$dir" 2>/dev/null; do dir=${dir%/*}; done
  done
}

purge_rest() {
  local path
  if [[ -e $MADE_GROUP ]] && getent group i2c >/dev/null; then act 'remove the group i2c' groupdel i2c; fi
  for path in "$CONFIG_DIR" "$DATA_DIR" "$SYSUSERS"; do
    if [[ -e $path ]]; then act "remove $path" rm -rf -- "$path"; fi
  done
  # Not there on a fresh system, and nobody else's if it is empty.
  if [[ $dry_run == no ]]; then rmdir -- "${SYSUSERS%/*}" 2>/dev/null || true; fi
  for path in "$UNIT_DIR"/sensor-{main,api-write,monitor,recover}.service.d; do
    if [[ -d $path ]]; then act "remove $path" rm -rf -- "$path"; fi
  done
  if getent passwd "$SERVICE_USER" >/dev/null; then act "remove the user $SERVICE_USER" userdel "$SERVICE_USER"; fi
  if getent group "$SERVICE_USER" >/dev/null; then act "remove the group $SERVICE_USER" groupdel "$SERVICE_USER"; fi
}

do_purge() {
  if [[ -d $DATA_DIR ]]; then
    say "All readings in $DATA_DIR will be deleted: $(du -sh -- "$DATA_DIR" 2>/dev/null | cut -f 1). A copy: sudo sensorctl backup create --output DIR"
  fi
  confirm 'Delete configuration, data and the user, too?'
  yes=yes
  do_uninstall
}

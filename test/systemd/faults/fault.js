/** Which fault was chosen, whether it has been set off, and what then happens at once. */

export const fault = { name: process.env.FAULT ?? '', active: false };

/** @type {(() => void)[]} */
const acts = [];

/**
 * @param {string} name
 * @param {() => void} act
 */
export function onSetOff(name, act) {
  if (fault.name === name) acts.push(act);
}

export function setOff() {
  fault.active = true;
  process.stderr.write(`fault: ${fault.name}\n`);
  for (const act of acts) act();
}

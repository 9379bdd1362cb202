/**
 * What a 1-Wire thermometer answered, as the kernel shows it in `w1_slave` (Documentation/w1/slaves/w1_therm.rst):
 * the nine bytes of its scratchpad with the kernel's verdict on their checksum, and the temperature. Sections are
 * those of the data sheet DS18B20. Pure: text in, a temperature or the reason why there is none out.
 */

export type OneWireAnswer = { readonly milliCelsius: number } | { readonly fault: string };

/** DS18B20, page 1: what it measures. -127 of other people's libraries and 127.94 (too little power) lie outside. */
const MILLI_CELSIUS_MIN = -55_000;
const MILLI_CELSIUS_MAX = 125_000;

/** "Memory", figure 9: the temperature register at power-up is +85 °C, and byte 6 holds 0x0C until a conversion. */
const POWER_UP_MILLI_CELSIUS = 85_000;
const POWER_UP_BYTE = 6;
const POWER_UP_VALUE = 0x0c;

const SCRATCHPAD_BYTES = 9;

const NO_ANSWER =
  'does not answer: check its wires, and the pull-up of 4.7 kOhm between its data wire and 3.3 V';
const GARBLED = 'was not understood (CRC): check for loose, long or branching wires, and the pull-up';
const POWER_UP =
  'answers 85 °C, which it holds until its first conversion: it loses power. Give it 3.3 V on a third wire';

/** From the text of `w1_slave`; an empty one is the kernel's way to say that nothing came. */
export function parseOneWireAnswer(text: string): OneWireAnswer {
  const lines = text.split('\n');
  const [first = '', second = ''] = lines;
  const match = /^((?:[0-9a-f]{2} ){9}): crc=[0-9a-f]{2} (YES|NO)$/.exec(first.trimEnd());
  const value = / t=(-?\d{1,7})$/.exec(second.trimEnd())?.[1];
  if (match === null || value === undefined || lines.length > 2) return { fault: NO_ANSWER };
  const [, hex = '', verdict] = match;
  const bytes = hex
    .trim()
    .split(' ')
    .map((byte) => Number.parseInt(byte, 16));
  // A data wire at ground reads as nine zeros, and the checksum of zeros is zero.
  if (bytes.every((byte) => byte === 0)) return { fault: NO_ANSWER };
  if (verdict === 'NO' || crcOf(bytes) !== 0) return { fault: GARBLED };
  return plausible(Number(value), bytes[POWER_UP_BYTE] === POWER_UP_VALUE);
}

/** Where there is only the number, in the file `temperature`, nothing tells a power-up from 85 °C. */
export function parseOneWireTemperature(text: string): OneWireAnswer {
  if (!/^-?\d{1,7}$/.test(text)) return { fault: NO_ANSWER };
  return plausible(Number(text), true);
}

function plausible(milliCelsius: number, maybePowerUp: boolean): OneWireAnswer {
  if (milliCelsius < MILLI_CELSIUS_MIN || milliCelsius > MILLI_CELSIUS_MAX) {
    return { fault: `answers ${milliCelsius / 1_000} °C, which it cannot measure: too little power` };
  }
  if (milliCelsius === POWER_UP_MILLI_CELSIUS && maybePowerUp) return { fault: POWER_UP };
  return { milliCelsius };
}

/** "CRC Generation": x^8 + x^5 + x^4 + 1, least bit first. 0 over a scratchpad with its own checksum at the end. */
export function crcOf(bytes: readonly number[]): number {
  let crc = 0;
  for (const byte of bytes.slice(0, SCRATCHPAD_BYTES)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 0 ? crc >> 1 : (crc >> 1) ^ 0x8c;
  }
  return crc;
}

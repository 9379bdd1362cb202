/**
 * An example of a driver of one's own: the Aosong AHT20 (temperature and humidity), complete. Copy it to
 * /etc/sensor-gateway/drivers, change what your chip's data sheet says otherwise, and try it:
 *
 *   sensorctl sensors check-driver /etc/sensor-gateway/drivers/aht20.mjs --bus 1
 *
 * A driver states what its data sheet says, and nothing else: turns on the bus, deadlines, second tries, a breaker
 * and statistics are made around it. What it may do is written in docs/drivers.md.
 */

/** Data sheet, 5.4: the state; its bits. */
const STATUS = Uint8Array.of(0x71);
const BUSY = 0x80;
const CALIBRATED = 0x08;

/** 5.4: sets the chip up; needed when it says that it is not calibrated. */
const INITIALISE = Uint8Array.of(0xbe, 0x08, 0x00);
const INITIALISE_MS = 10;

/** 5.4: one measurement, and how long it takes. */
const MEASURE = Uint8Array.of(0xac, 0x33, 0x00);
const MEASURE_MS = 80;

/** A failure with a class (`no_answer`, `garbled`, `checksum`, ...: docs/drivers.md), by which it is counted. */
function failure(fault, message) {
  return Object.assign(new Error(message), { fault });
}

/** 5.4.4: CRC-8 with the polynomial x^8 + x^5 + x^4 + 1, beginning with 0xFF. */
function crc8(bytes) {
  let crc = 0xff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80 ? ((crc << 1) ^ 0x31) & 0xff : (crc << 1) & 0xff;
  }
  return crc;
}

export const driver = {
  type: 'aht20',
  title: 'Aosong AHT20',
  dataSheet: 'AHT20 product manual, A0',
  addresses: [0x38],
  // 1: what it can measure. A value outside of it is never taken for a reading.
  metrics: [
    { metric: 'temperature', unit: 'celsius', legal: [-40, 85] },
    { metric: 'humidity', unit: 'percent', legal: [0, 100] },
  ],
  // Both waits, and some twenty bytes at 100 kHz.
  measureMaxMs: 120,

  open({ device, pause }) {
    const status = async () => (await device.transfer(STATUS, 1))[0];

    return {
      /** Before the first measurement, and again after every failure: another chip may be there by now. */
      async begin(signal) {
        if (((await status()) & CALIBRATED) !== 0) return;
        await device.transfer(INITIALISE, 0);
        await pause(INITIALISE_MS, signal);
        // It has no id: what does not become calibrated, or has no checksum below, is another chip.
        if (((await status()) & CALIBRATED) === 0) {
          throw failure('wrong_chip', 'the chip at 0x38 does not become ready: is it an AHT20?');
        }
      },

      async measure(signal) {
        await device.transfer(MEASURE, 0);
        // Never a loop that waits for the chip: others use the bus meanwhile.
        await pause(MEASURE_MS, signal);
        const answer = await device.transfer(new Uint8Array(0), 7);
        const [state, h0, h1, mixed, t1, t0, sum] = answer;
        if (crc8(answer.subarray(0, 6)) !== sum) {
          throw failure(
            'checksum',
            'the answer of the AHT20 has a wrong checksum: check for loose or long wires',
          );
        }
        if ((state & BUSY) !== 0) throw failure('not_ready', 'the AHT20 has not finished its measurement');
        if ((state & CALIBRATED) === 0) throw failure('power_lost', 'the AHT20 has forgotten its setup');
        const humidity = (h0 << 12) | (h1 << 4) | (mixed >> 4);
        const temperature = ((mixed & 0x0f) << 16) | (t1 << 8) | t0;
        // 6.1 and 6.2.
        return [
          { metric: 'temperature', value: (temperature / 2 ** 20) * 200 - 50 },
          { metric: 'humidity', value: (humidity / 2 ** 20) * 100 },
        ];
      },
    };
  },
};

import { describe, expect, test } from 'vitest';
import { createI2cWire, type I2cAddon } from './i2c-bus-adapter.ts';

const failure = (code: string) => Object.assign(new Error(`${code}: exchange failed`), { code });

/** The addon with a script instead of a wire; counts what is open. */
function scripted(exchange: (call: string) => Promise<number> = async () => -1) {
  const calls: string[] = [];
  const seen = { opened: 0, closed: 0 };
  const run = async (call: string, all: number) => {
    calls.push(call);
    const count = await exchange(call);
    return count === -1 ? all : count;
  };
  const addon: I2cAddon = {
    openPromisified: async (bus) => {
      seen.opened += 1;
      calls.push(`open ${bus}`);
      return {
        i2cRead: async (address, length) => ({ bytesRead: await run(`read ${address} ${length}`, length) }),
        i2cWrite: async (address, length, buffer) => ({
          bytesWritten: await run(`write ${address} ${buffer.toString('hex')}`, length),
        }),
        readI2cBlock: async (address, command, length) => ({
          bytesRead: await run(`block ${address} ${command} ${length}`, length),
        }),
        writeQuick: async (address, bit) => {
          await run(`quick ${address} ${bit}`, 0);
        },
        close: async () => {
          seen.closed += 1;
        },
      };
    },
  };
  const { signal } = new AbortController();
  const wire = createI2cWire({ bus: 1, load: async () => addon });
  const ask = (address: number, write: readonly number[], length: number) =>
    wire.exchange(address, Uint8Array.from(write), length, signal);
  return { wire, ask, calls, seen };
}

describe('an exchange', () => {
  test.each([
    ['register and data', [0xf7], 8, ['block 118 247 8']],
    ['a long answer', [0xf7], 33, ['write 118 f7', 'read 118 33']],
    ['a two-byte command with an answer', [0x24, 0x00], 6, ['write 118 2400', 'read 118 6']],
    ['only writing', [0xf4, 0x25], 0, ['write 118 f425']],
    ['only reading', [], 2, ['read 118 2']],
    ['nothing at all, which asks whether somebody is there', [], 0, ['quick 118 0']],
  ])('of %s uses the fewest transactions', async (_what, write, length, expected) => {
    const { ask, calls } = scripted();

    const answer = await ask(0x76, write, length);

    expect(calls.slice(1)).toEqual(expected);
    expect(answer).toHaveLength(length);
  });

  test('that is cut short is an error and not half an answer', async () => {
    const { ask } = scripted(async () => 3);

    await expect(ask(0x76, [0xf7], 8)).rejects.toThrow(/got 3 of 8 bytes/);
  });

  test('that has been abandoned after its first half does not begin the second', async () => {
    const { wire, calls } = scripted();
    const abandon = new AbortController();
    const exchange = wire.exchange(0x76, Uint8Array.of(0x24, 0x00), 6, abandon.signal);

    abandon.abort();

    await expect(exchange).rejects.toThrow(/abort/i);
    expect(calls).toEqual(['open 1', 'write 118 2400']);
  });
});

test.each([
  ['EREMOTEIO', 'no_answer', /no chip answers at 0x76 on bus 1.*i2cdetect -y 1/],
  ['ENXIO', 'no_answer', /no chip answers at 0x76/],
  ['ETIMEDOUT', 'bus_stuck', /bus 1 does not move.*power the sensors off and on/],
  ['EIO', 'garbled', /garbled/],
  ['EAGAIN', 'garbled', /garbled/],
  ['EBUSY', 'unusable', /a kernel driver already owns 0x76/],
  ['EACCES', 'unusable', /group i2c/],
  ['ENOENT', 'unusable', /raspi-config/],
  ['ENODEV', 'unusable', /the adapter of bus 1 is gone/],
  ['EOPNOTSUPP', 'unusable', /cannot do what this chip needs/],
  ['EPROTO', 'garbled', /failed: EPROTO/],
])('%s is a fault of class %s, told in words that help, and keeps its code', async (code, fault, advice) => {
  const { ask } = scripted(async () => Promise.reject(failure(code)));

  const error = await ask(0x76, [0xd0], 1).catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({ fault, code, message: expect.stringMatching(advice), cause: { code } });
});

test('after a failure a new handle is opened: the old one may have lost its address', async () => {
  let failed = false;
  const { ask, seen } = scripted(async () => {
    if (failed) return -1;
    failed = true;
    throw failure('EBUSY');
  });

  await expect(ask(0x76, [0], 1)).rejects.toThrow(/EBUSY/);
  await ask(0x76, [0], 1);

  expect(seen).toMatchObject({ opened: 2, closed: 1 });
});

test('a missing addon is named with the command that brings it', async () => {
  const wire = createI2cWire({
    bus: 1,
    load: async () => Promise.reject(new Error('Could not locate the bindings file. Tried:\n → /a\n → /b')),
  });

  await expect(wire.exchange(0x76, Uint8Array.of(0), 1, new AbortController().signal)).rejects.toMatchObject({
    fault: 'unusable',
    code: 'SGW_ADDON_MISSING',
    message:
      'the addon i2c-bus cannot be loaded: Could not locate the bindings file. Tried. sudo apt-get install build-essential python3 && npm rebuild i2c-bus',
  });
});

test('dropped twice, the handle is let go of once', async () => {
  const { wire, ask, seen } = scripted();
  await ask(0x76, [0], 1);

  await wire.drop();
  await wire.drop();

  expect(seen).toMatchObject({ opened: 1, closed: 1 });
});

import { describe, expect, test } from 'vitest';
import { createI2cBus, type I2cAddon } from './i2c-bus-adapter.ts';

const failure = (code: string) => Object.assign(new Error(`${code}: exchange failed`), { code });

/** The addon with a script instead of a wire; counts what is open and how many exchanges overlap. */
function scripted(exchange: (call: string) => Promise<number> = async () => -1) {
  const calls: string[] = [];
  const seen = { opened: 0, closed: 0, underWay: 0, mostUnderWay: 0 };
  const run = async (call: string, all: number) => {
    calls.push(call);
    seen.underWay += 1;
    seen.mostUnderWay = Math.max(seen.mostUnderWay, seen.underWay);
    try {
      const count = await exchange(call);
      return count === -1 ? all : count;
    } finally {
      seen.underWay -= 1;
    }
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
        close: async () => {
          seen.closed += 1;
        },
      };
    },
  };
  const bus = createI2cBus({ bus: 1, load: async () => addon });
  return { bus, calls, seen };
}

describe('an exchange', () => {
  test.each([
    ['register and data', [0xf7], 8, ['block 118 247 8']],
    ['a long answer', [0xf7], 33, ['write 118 f7', 'read 118 33']],
    ['a two-byte command with an answer', [0x24, 0x00], 6, ['write 118 2400', 'read 118 6']],
    ['only writing', [0xf4, 0x25], 0, ['write 118 f425']],
    ['only reading', [], 2, ['read 118 2']],
  ])('of %s uses the fewest transactions', async (_what, write, length, expected) => {
    const { bus, calls } = scripted();

    const answer = await bus.transfer(0x76, Uint8Array.from(write), length);

    expect(calls.slice(1)).toEqual(expected);
    expect(answer).toHaveLength(length);
  });

  test('waits for the one before it, in the order asked', async () => {
    const { bus, calls, seen } = scripted(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return -1;
    });

    await Promise.all([1, 2, 3, 4].map((address) => bus.transfer(address, Uint8Array.of(0), 1)));

    expect(seen.mostUnderWay).toBe(1);
    expect(calls).toEqual(['open 1', 'block 1 0 1', 'block 2 0 1', 'block 3 0 1', 'block 4 0 1']);
  });

  test('that is cut short is an error and not half an answer', async () => {
    const { bus } = scripted(async () => 3);

    await expect(bus.transfer(0x76, Uint8Array.of(0xf7), 8)).rejects.toThrow(/got 3 of 8 bytes/);
  });
});

test.each([
  ['EREMOTEIO', /no chip answers at 0x76 on bus 1.*i2cdetect -y 1/],
  ['ENXIO', /no chip answers at 0x76/],
  ['ETIMEDOUT', /bus 1 does not move.*power the sensors off and on/],
  ['EIO', /garbled/],
  ['EBUSY', /a kernel driver already owns 0x76/],
  ['EACCES', /group i2c/],
  ['ENOENT', /raspi-config/],
  ['EPROTO', /failed: EPROTO/],
])('%s is told in words that help, and keeps its code', async (code, advice) => {
  const { bus } = scripted(async () => Promise.reject(failure(code)));

  const error = await bus.transfer(0x76, Uint8Array.of(0xd0), 1).catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({ message: expect.stringMatching(advice), cause: { code } });
  if (code !== 'EPROTO') expect(error).toMatchObject({ code });
});

test('after a failure a new handle is opened: the old one may have lost its address', async () => {
  let failed = false;
  const { bus, seen } = scripted(async () => {
    if (failed) return -1;
    failed = true;
    throw failure('EBUSY');
  });

  await expect(bus.transfer(0x76, Uint8Array.of(0), 1)).rejects.toThrow(/EBUSY/);
  await bus.transfer(0x76, Uint8Array.of(0), 1);

  expect(seen).toMatchObject({ opened: 2, closed: 1 });
});

test('one failing exchange does not fail the next in the queue', async () => {
  const { bus } = scripted(async (call) => {
    if (call.startsWith('block 1 ')) throw failure('EREMOTEIO');
    return -1;
  });

  const [first, second] = await Promise.allSettled([1, 2].map((at) => bus.transfer(at, Uint8Array.of(0), 1)));

  expect([first?.status, second?.status]).toEqual(['rejected', 'fulfilled']);
});

test('a stuck bus takes no more than 64 exchanges into its queue', async () => {
  const { bus } = scripted(() => new Promise(() => {}));
  for (let i = 0; i < 64; i += 1) void bus.transfer(0x76, Uint8Array.of(0), 1);

  await expect(bus.transfer(0x76, Uint8Array.of(0), 1)).rejects.toThrow(/bus 1 is stuck: 64 exchanges/);
});

test('a missing addon is named with the command that brings it', async () => {
  const bus = createI2cBus({
    bus: 1,
    load: async () => Promise.reject(new Error('Could not locate the bindings file. Tried:\n → /a\n → /b')),
  });

  await expect(bus.transfer(0x76, Uint8Array.of(0), 1)).rejects.toMatchObject({
    code: 'SGW_ADDON_MISSING',
    message: 'the addon i2c-bus cannot be loaded: Could not locate the bindings file. Tried:',
    hint: 'sudo apt-get install build-essential python3 && npm rebuild i2c-bus',
  });
});

test('closing twice lets go once, after the exchanges already asked for, and then takes no more', async () => {
  const { bus, seen } = scripted();
  const inHand = bus.transfer(0x76, Uint8Array.of(0), 1);

  bus.close();
  bus.close();

  await expect(inHand).resolves.toHaveLength(1);
  await expect(bus.transfer(0x76, Uint8Array.of(0), 1)).rejects.toThrow(/has been closed/);
  expect(seen).toMatchObject({ opened: 1, closed: 1 });
});

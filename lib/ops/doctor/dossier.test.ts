import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { INSTALLED } from '../../../test/support/doctor-rig.ts';
import { DENIED, recordedProbe } from '../../../test/support/recorded-probe.ts';
import { dossier } from './dossier.ts';
import { AT_ONCE } from './few-at-once.ts';
import { createMask } from './mask.ts';

const TOKEN = '/etc/sensor-gateway/token';
const CONFIG = '/etc/sensor-gateway/config.yaml';
const subject = {
  ...INSTALLED,
  destinations: [{ name: 'hq', url: 'https://hq.example', tokenFile: TOKEN, caFile: undefined }],
};
const UNITS = 'systemctl cat --no-pager sensor-main sensor-api-write sensor-monitor';
const JOURNAL = 'journalctl --no-pager -o short-iso -n 2000 -u sensor-main';

it('no secret leaves the machine, by its value or by its looks', async () => {
  const probe = recordedProbe({
    files: {
      [TOKEN]: 'canary-token-1\n',
      [CONFIG]: `destinations:\n  - url: https://me:canary-2@hq.example\n    token_file: ${TOKEN}\n# old password: canary-3\n`,
    },
    commands: {
      [JOURNAL]:
        'sent canary-token-1\nauthorization: Bearer canary-4\nAPI_KEY=canary-5 {"secret": "canary 6"}\n',
      [UNITS]:
        'Environment="SENSORGW_TOKEN=canary-7"\n-----BEGIN EC PRIVATE KEY-----\ncanary-8\n-----END EC PRIVATE KEY-----\n',
    },
  });

  const entries = await dossier(probe, subject, [{ name: 'doctor.txt', text: 'seen: canary-token-1' }]);

  expect(JSON.stringify(entries)).not.toContain('canary');
  expect(probe.asked).toEqual(expect.arrayContaining([JOURNAL, UNITS]));
  const text = (name: string) => entries.find((entry) => entry.name === name)?.text;
  expect(text(`files${CONFIG}`)).toContain(`token_file: ${TOKEN}`);
  expect(text('commands/journal-sensor-main.txt')).toContain('sent [masked]');
});

it('no secret of notifications leaves the machine, from a file or from the settings', async () => {
  const PASSWORD = '/etc/sensor-gateway/mail-password';
  const probe = recordedProbe({
    files: {
      [PASSWORD]: 'canary-mail\n',
      [CONFIG]: 'url: https://ntfy.sh/canary-topic\n',
    },
    commands: { [JOURNAL]: 'said canary-mail to https://chat.test/T0/canary-topic\n' },
  });

  const told = { ...INSTALLED, secretFiles: [PASSWORD], secrets: ['canary-topic'] };

  expect(JSON.stringify(await dossier(probe, told, []))).not.toContain('canary');
});

it('twin: without the mask the same canaries would leave', async () => {
  const probe = recordedProbe({ commands: { [JOURNAL]: 'authorization: Bearer canary-4\n' } });

  expect((await probe.run('journalctl', JOURNAL.split(' ').slice(1)))?.stdout).toContain('canary');
});

it('what cannot be had says so in its place, and the rest is there', async () => {
  const entries = await dossier(recordedProbe({ files: { [CONFIG]: DENIED } }), INSTALLED, []);

  const text = (name: string) => entries.find((entry) => entry.name === name)?.text;
  expect(text(`files${CONFIG}`)).toBe(`(this user may not look at ${CONFIG})\n`);
  expect(text('commands/uname.txt')).toBe('(not installed)\n');
  expect(text('files/proc/cmdline')).toBe('(not there)\n');
});

it('a machine in trouble is asked for a few things at a time, and not for all of a bundle at once', async () => {
  const probe = recordedProbe({});
  const under = { way: 0, most: 0 };
  const counted =
    <Args extends unknown[], Answer>(ask: (...args: Args) => Promise<Answer>) =>
    async (...args: Args) => {
      under.way += 1;
      under.most = Math.max(under.most, under.way);
      await setImmediate();
      under.way -= 1;
      return ask(...args);
    };

  await dossier({ ...probe, run: counted(probe.run), readFile: counted(probe.readFile) }, INSTALLED, []);

  expect(under).toEqual({ way: 0, most: AT_ONCE });
});

it('a known secret is masked wherever it stands', () => {
  const secret = fc.string({ minLength: 8, maxLength: 40 }).map((text) => `k${text.trim()}`);
  fc.assert(
    fc.property(secret, fc.string(), fc.string(), (value, before, after) => {
      fc.pre(value.length >= 8 && !`${before}${after}`.includes(value));

      expect(createMask([value])(`${before}${value}${after}`)).not.toContain(value);
    }),
  );
});

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { readSecrets } from './secrets.ts';

const CERTIFICATE = 'test/fixtures/loopback-tls/cert.pem';

function destination(files: { tokenFile?: string; caFile?: string }) {
  return {
    name: 'far',
    url: 'https://far.example',
    tokenFile: undefined,
    caFile: undefined,
    requestTimeoutMs: 10_000,
    batchTimeoutMs: 30_000,
    ...files,
  };
}

function fileOf(text: string): string {
  const file = join(tempDir(), 'secret');
  writeFileSync(file, text);
  return file;
}

it('reads a token without its line break, and an authority as it is', () => {
  const caFile = CERTIFICATE;

  expect(readSecrets(destination({ tokenFile: fileOf('s3cret\n'), caFile }))).toEqual({
    token: 's3cret',
    ca: readFileSync(caFile, 'utf8'),
  });
  expect(readSecrets(destination({}))).toEqual({});
});

it.each([
  ['', 'is empty'],
  [' \n', 'is empty'],
  ['hunter2\nhunter3', 'more than one line'],
  ['hunter2\u0000', 'visible characters'],
  ['hünter2', 'visible characters'],
])('refuses %j as a token, without repeating it', (text, told) => {
  const read = () => readSecrets(destination({ tokenFile: fileOf(text) }));

  expect(read).toThrow(expect.objectContaining({ exitCode: 78, message: expect.stringContaining(told) }));
  expect(read).toThrow(/^(?!.*hunter)/s);
});

it.each(['', 'pi\n', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])(
  'refuses %j as an authority',
  (text) => {
    expect(() => readSecrets(destination({ caFile: fileOf(text) }))).toThrow(/no certificate in PEM form/);
  },
);

it('names a file that cannot be read', () => {
  expect(() => readSecrets(destination({ tokenFile: '/nonexistent/token' }))).toThrow(
    /cannot read token_file \/nonexistent\/token/,
  );
});

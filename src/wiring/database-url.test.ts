import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../../test/support/temp-dir.ts';
import { loadConfig } from './config.ts';
import { databaseOf } from './database.ts';
import { driverUrl } from './database-url.ts';

function storeOf(environment: Record<string, string>) {
  return loadConfig({ environment, hostName: 'pi', usualFile: '/nonexistent' }).config.store;
}
const withUrl = (url: string) => storeOf({ SENSORGW_STORE_URL: url });

describe('the address of a database', () => {
  it.each([
    'postgres:///sensors?host=/run/postgresql',
    'postgresql://sensors@127.0.0.1:5433/sensors',
    'postgres://sensors@[::1]/sensors',
    'postgres://sensors@db.example/sensors?sslmode=verify-full',
    'postgres://sensors@db.example/sensors?sslmode=require',
    'postgres://sensors@10.0.0.5/sensors?sslmode=disable',
  ])('may be %s', (url) => {
    expect(withUrl(url).url).toBe(url);
  });

  it.each([
    ['sensors', /is not an address/],
    ['mysql://db.example/sensors', /"mysql:\/\/" is not supported/],
    ['postgres://db.example', /names no database/],
    ['postgres://sensors@db.example/sensors', /another machine, and readings would pass in plain/],
    ['postgres://sensors@db.example/sensors?sslmode=prefer', /does not say whom it trusts/],
    ['postgres:///sensors?options=-c%20fsync%3Doff', /"options" is not one of the options/],
  ])('is not %s', (url, problem) => {
    expect(() => withUrl(url)).toThrow(problem);
  });

  it.each(['postgres://sensors:hush-hush@127.0.0.1/sensors', 'postgres:///sensors?password=hush-hush'])(
    'is refused with a password in it, and the password is not repeated',
    (url) => {
      const refused = () => withUrl(url);

      expect(refused).toThrow(/store\.password_file/);
      expect(refused).not.toThrow(/hush-hush/);
    },
  );

  it('asks no database without a certificate for its name, whatever word is used for that', () => {
    expect(driverUrl('postgres://sensors@db.example/sensors?sslmode=require')).toContain(
      'sslmode=verify-full',
    );
  });
});

describe('the password of a database', () => {
  const url = 'postgres:///sensors?host=/run/postgresql';

  it('is read from its file, without the end of the line', () => {
    const file = join(tempDir(), 'password');
    writeFileSync(file, 'hush hush\n');

    expect(databaseOf(storeOf({ SENSORGW_STORE_URL: url, SENSORGW_STORE_PASSWORD_FILE: file }))).toEqual({
      url,
      password: 'hush hush',
    });
  });

  it('is missed at the start, and not when the first reading comes', () => {
    const file = join(tempDir(), 'nothing-here');

    expect(() =>
      databaseOf(storeOf({ SENSORGW_STORE_URL: url, SENSORGW_STORE_PASSWORD_FILE: file })),
    ).toThrow(/store: cannot read password_file .*nothing-here/);
  });

  it('is not an empty file, nor several lines', () => {
    const file = join(tempDir(), 'password');
    for (const text of ['', '\n', 'one\ntwo\n']) {
      writeFileSync(file, text);
      expect(() =>
        databaseOf(storeOf({ SENSORGW_STORE_URL: url, SENSORGW_STORE_PASSWORD_FILE: file })),
      ).toThrow(/password_file .*(is empty|holds several lines)/);
    }
  });

  it('belongs to an address', () => {
    expect(() => storeOf({ SENSORGW_STORE_PASSWORD_FILE: '/etc/password' })).toThrow(
      /there is no store\.url/,
    );
  });
});

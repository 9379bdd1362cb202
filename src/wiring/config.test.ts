import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { variableOf } from '../../lib/base/config-environment.ts';
import { settingsOf } from '../../lib/base/setting-tree.ts';
import { NAME_PATTERN } from '../../lib/flow/reading.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { isLoopback } from './api-settings.ts';
import { loadConfig } from './config.ts';
import { SETTINGS } from './settings.ts';
import { sampleYaml, settingsMarkdown } from './settings-docs.ts';

const nowhere = { environment: {}, hostName: 'pi', usualFile: '/nonexistent/config.yaml' };

function load(yaml: string, environment: Record<string, string> = {}) {
  const file = join(tempDir(), 'config.yaml');
  writeFileSync(file, yaml);
  return loadConfig({ ...nowhere, file, environment });
}

describe('the configuration', () => {
  it('needs no file: the defaults are those of the incident plan', () => {
    const { config, file } = loadConfig(nowhere);

    expect(file).toBeUndefined();
    expect(config).toMatchObject({
      gateway: 'pi',
      sampling: { intervalMs: 10_000, deadlineMs: 5_000 },
      sources: [
        { type: 'kernel', name: 'kernel', deadlineMs: 5_000 },
        { type: 'simulated', name: 'simulated', deadlineMs: 5_000 },
      ],
      destinations: [
        { name: 'local', url: 'http://127.0.0.1:8470', requestTimeoutMs: 10_000, batchTimeoutMs: 30_000 },
      ],
      breaker: { failures: 3, pausesMs: [10_000, 30_000, 60_000] },
      api: { host: '127.0.0.1', port: 8_470, defaultGateway: 'pi' },
    });
  });

  it('refuses a run_dir whose socket would have a longer path than Linux takes, and says the limit', () => {
    const fits = `/run/${'x'.repeat(107 - '/run/'.length - '/sensor-main.sock'.length)}`;

    expect(load(`run_dir: ${fits}`).config.runDir).toBe(fits);
    expect(() => load(`run_dir: ${fits}x`)).toThrow(/run_dir.*path of 108 bytes there, and 107 is the most/s);
  });

  it('lets the default deadline follow a shorter interval', () => {
    expect(load('sampling: {interval: 1s}').config.sampling).toEqual({ intervalMs: 1_000, deadlineMs: 500 });
  });

  it('places a conflict with a default at the setting that was written', () => {
    expect(() => load('delivery:\n  batch_timeout: 5s')).toThrow(
      /config\.yaml:2:18 {2}delivery\.batch_timeout/,
    );
  });

  it('delivers to the API of this machine wherever that listens, unless told otherwise', () => {
    expect(load('api: {port: 9000}').config.destinations[0]?.url).toBe('http://127.0.0.1:9000');
    expect(load('api: {port: 9000, host: "::1"}').config.destinations[0]?.url).toBe('http://[::1]:9000');
    const named = load('api: {port: 9000}\ndestinations: [{name: far, url: "https://far.example"}]');
    expect(named.config.destinations).toMatchObject([{ name: 'far', url: 'https://far.example' }]);
  });

  it('delivers through the socket where the port of the API asks for a certificate or a token', () => {
    const url = (api: string) => load(`run_dir: /run/pi\napi: ${api}`).config.destinations[0]?.url;

    expect(url('{behind_proxy: true}')).toBe('unix:/run/pi/sensor-api.sock');
    expect(url('{host: 0.0.0.0, behind_proxy: true}')).toBe('unix:/run/pi/sensor-api.sock');
    expect(url('{tls_cert_file: /a.pem, tls_key_file: /b.pem}')).toBe('unix:/run/pi/sensor-api.sock');
    expect(load('destinations: [{name: a, url: "unix:/run/x/a.sock"}]').config.destinations[0]?.url).toBe(
      'unix:/run/x/a.sock',
    );
  });

  it('looks for --config, then SENSORGW_CONFIG, then the usual place, then nowhere', () => {
    const dir = tempDir();
    const write = (name: string) => {
      writeFileSync(join(dir, name), `gateway: ${name}`);
      return join(dir, name);
    };
    const [first, second, usualFile] = [write('first'), write('second'), write('usual')];
    const environment = { SENSORGW_CONFIG: second };

    expect(loadConfig({ ...nowhere, file: first, environment, usualFile }).config.gateway).toBe('first');
    expect(loadConfig({ ...nowhere, environment, usualFile }).config.gateway).toBe('second');
    expect(loadConfig({ ...nowhere, usualFile }).config.gateway).toBe('usual');
    expect(loadConfig(nowhere).config.gateway).toBe('pi');
  });

  it.each([
    [
      'sampling: {deadline: 10s}',
      'sampling.deadline\n  sampling.deadline (10s) is not less than sampling.interval (10s)',
    ],
    ['delivery: {request_timeout: 31s}', '(31s) is more than delivery.batch_timeout (30s)'],
    ['breaker: {pauses: [30s, 10s]}', '30s, 10s are not in ascending order'],
    ['breaker: {pauses: [10s, 10s]}', 'not in ascending order'],
    [
      'api: {host: 0.0.0.0}',
      'api.host\n  "0.0.0.0" can be reached by other machines, and tokens and readings would pass in plain',
    ],
    ['api: {tls_cert_file: a.pem}', 'api.tls_key_file is missing'],
    ['api: {host: 0.0.0.0, tls_key_file: a.pem}', 'api.tls_cert_file is missing'],
    ['api: {behind_proxy: maybe}', '"maybe" is neither true nor false'],
    ['destinations: [{name: a, url: "unix:/run/a"}]', 'unix:/PATH/NAME.sock'],
    ['sources: [kernel, kernel]', 'a second source named "kernel"'],
    ['sources: [{type: kernel, bus: 1}]', 'a source of type kernel has no bus'],
    ['sources: [{type: bme280, address: 0x40}]', '0x40 is no address of a bme280. Use 0x76, 0x77.'],
    ['sources: [{type: simulated, path: /etc/a.mjs}]', 'a source of type simulated has no path'],
    ['sources: [module]', 'needs the file of its driver (path: /etc/sensor-gateway/drivers/NAME.mjs)'],
    ['sources: [{type: module, path: pond.mjs}]', '"pond.mjs" is not an absolute path'],
    ['sources: [{type: bme280, deadline: 100ms}]', '100ms is not enough for a bme280'],
    ['sources: [{type: bme280, oversampling: 3}]', 'sources[0].oversampling'],
    ['sources: [{type: bme280, oversampling: 3}]', '3 must be one of 1, 2, 4, 8, 16.'],
    ['sources: [{type: sht4x, oversampling: 4}]', '4 means nothing to a sht4x.'],
    ['sources: [{type: kernel, shunt_ohm: 0.1}]', 'sources[0].shunt_ohm'],
    ['sources: [{type: ina219, shunt_ohm: 11}]', '11 is too large. Use 0.0001 to 10.'],
    ['sources: [{type: ads1115, range_volt: 3.3}]', '3.3 must be one of 6.144, 4.096, 2.048'],
    ['sources: [{type: kernel, interval: 5s}]', '5s is less than sampling.interval (10s)'],
    ['sources: [{type: kernel, deadline: 1m}]', '1m is not less than its interval (10s)'],
    [
      'destinations: [{name: a, url: "http://a:1"}, {name: a, url: "http://b:1"}]',
      'a second destination named "a"',
    ],
    [
      'destinations: [{name: a, url: "http://a:1", batch_timeout: 1s}]',
      'is more than its batch_timeout (1s)',
    ],
    ['destinations: [{name: a, url: "ftp://a"}]', '"ftp://" is not supported'],
    ['destinations: [{name: a, url: "http://a:1/api"}]', 'has more than host and port'],
    ['destinations: [{name: a, url: "nonsense"}]', '"nonsense" is not an address'],
    ['data_dir: ~/data', '"~" is not expanded here'],
  ])('refuses %s', (yaml, told) => {
    expect(() => load(yaml)).toThrow(told);
  });

  it('never repeats a password', () => {
    expect(() => load('destinations: [{name: a, url: "http://u:hunter2@a:1"}]')).toThrow(
      /^(?!.*hunter2).*token_file/s,
    );
  });

  it.each([
    ['Büro-Pi.local', 'b-ro-pi-local'],
    ['pi', 'pi'],
    ['', 'gateway'],
    ['...', 'gateway'],
    ['x'.repeat(100), 'x'.repeat(48)],
  ])('makes the host name %j the gateway %j', (host, gateway) => {
    expect(loadConfig({ ...nowhere, hostName: host }).config.gateway).toBe(gateway);
    expect(gateway).toMatch(NAME_PATTERN);
  });

  it.each([
    ['127.0.0.1', true],
    ['127.1.2.3', true],
    ['::1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['127.0.0.1.example.org', false],
    ['192.168.1.2', false],
  ])('counts %s as loopback: %s', (host, loopback) => {
    expect(isLoopback(host)).toBe(loopback);
  });
});

describe('the documents that follow from the settings', () => {
  it('docs/settings.md is what `sensorctl config docs` prints', () => {
    expect(readFileSync('docs/settings.md', 'utf8')).toBe(settingsMarkdown());
  });

  it('config.example.yaml is what `sensorctl config sample` prints', () => {
    expect(readFileSync('config.example.yaml', 'utf8')).toBe(sampleYaml());
  });

  it('the sample changes nothing as it stands, and states the defaults once its keys are uncommented', () => {
    const uncommented = sampleYaml().replaceAll(/^( *)#(?=[a-z_]+:| {2}- | {4}[a-z_]+:)/gm, '$1');
    const defaults = loadConfig(nowhere).config;

    expect(load(sampleYaml()).config).toEqual(defaults);
    expect(load(uncommented).config).toEqual({
      ...defaults,
      gateway: 'greenhouse',
      memory: { max: 256 * 1_048_576 },
      calibration: [{ sensor: 'attic', metric: 'temperature', scale: 1, offset: -0.4 }],
      quality: [
        {
          sensor: 'terrarium',
          metric: 'temperature',
          min: 5,
          max: 60,
          changeMax: undefined,
          unchangedMaxMs: undefined,
          warmUpMs: undefined,
        },
      ],
      i2c: { ...defaults.i2c, restartAfterMs: 3_600_000 },
      quietHours: {
        zone: 'Europe/Berlin',
        sampling: ['23:00-06:00'],
        delivery: ['mon-fri 08:00-17:00', 'sat 10:00-14:00'],
      },
      api: {
        ...defaults.api,
        defaultGateway: 'greenhouse',
        tlsCertFile: '/etc/sensor-gateway/tls/cert.pem',
        tlsKeyFile: '/etc/sensor-gateway/tls/key.pem',
        tokensFile: '/etc/sensor-gateway/tokens.json',
      },
      store: {
        ...defaults.store,
        url: 'postgres://sensors@db.example/sensors?sslmode=verify-full',
        passwordFile: '/etc/sensor-gateway/database-password',
      },
      invariants: { ...defaults.invariants, skip: ['recovery_silent'] },
      notifications: {
        ...defaults.notifications,
        quietHours: ['22:00-07:00'],
        channels: [
          {
            name: 'phone',
            type: 'ntfy',
            url: 'https://ntfy.sh/a-topic-that-nobody-guesses',
            urlFile: undefined,
            severity: 'warning',
            tokenFile: undefined,
            caFile: undefined,
            body: undefined,
            from: undefined,
            to: undefined,
            user: undefined,
            passwordFile: undefined,
          },
        ],
      },
    });
  });

  it('no two settings share a variable', () => {
    const variables = [...settingsOf(SETTINGS)].map(({ path }) => variableOf('SENSORGW_', path));

    expect(new Set(variables).size).toBe(variables.length);
  });
});

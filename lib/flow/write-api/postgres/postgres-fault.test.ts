import { describe, expect, it } from 'vitest';
import { isNoPartition, isRetriable, postgresFaultOf } from './postgres-fault.ts';

/** As the client library gives what a server says. */
const said = (code: string, more: object = {}) =>
  Object.assign(new Error('said by the server'), { code, severity: 'ERROR', ...more });
const ofSystem = (code: string) => Object.assign(new Error(code), { code });

describe('what PostgreSQL says', () => {
  it.each([
    ['53100', 'store_full'],
    ['53200', 'store_busy'],
    ['53300', 'store_busy'],
    ['40P01', 'store_busy'],
    ['55P03', 'store_busy'],
    ['57014', 'store_busy'],
    ['57P01', 'store_unreachable'],
    ['57P03', 'store_unreachable'],
    ['28P01', 'store_unreachable'],
    ['3D000', 'store_unreachable'],
    ['25006', 'store_unreachable'],
    ['08006', 'store_unreachable'],
    ['58030', 'store_io'],
    ['XX001', 'store_io'],
    ['23505', undefined],
    ['42601', undefined],
    ['22003', undefined],
  ])('%s is %s', (state, code) => {
    expect(postgresFaultOf(said(state))).toBe(code);
  });

  it.each(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'CERT_HAS_EXPIRED'])(
    '%s on the way there is a server that cannot be reached',
    (code) => {
      expect(postgresFaultOf(ofSystem(code))).toBe('store_unreachable');
    },
  );

  it('is told from errors of ours, which are bugs', () => {
    expect(postgresFaultOf(new TypeError('x is not a function'))).toBeUndefined();
    expect(postgresFaultOf(ofSystem('ERR_INVALID_ARG_TYPE'))).toBeUndefined();
    expect(postgresFaultOf(new Error('Connection terminated unexpectedly'))).toBe('store_unreachable');
  });

  it('is worth another attempt only where it was rolled back because of somebody else', () => {
    expect([said('40001'), said('40P01')].every(isRetriable)).toBe(true);
    expect([said('57014'), said('23505'), said('08006'), ofSystem('ECONNRESET')].some(isRetriable)).toBe(
      false,
    );
  });

  it('tells a partition that is missing from a value that may not be', () => {
    expect(isNoPartition(said('23514'))).toBe(true);
    expect(isNoPartition(said('23514', { constraint: 'readings_value_check' }))).toBe(false);
  });
});

/**
 * A gateway of real processes with a fault between its two programs:
 *
 *   reader -> fault proxy (TCP) -> write API              while all is well, or the network is not
 *   reader -> fault proxy -> stand-in (HTTP) -> write API  while somebody answers in its place
 */

import type { TestContext } from 'vitest';
import type { ChildProgram } from './child-program.ts';
import { createFaultProxy, type FaultProxy } from './fault-proxy.ts';
import { createGateway, type Gateway } from './gateway.ts';
import { type Behaviour, createStandInApi, type StandInApi } from './stand-in-api.ts';

export interface FaultSite {
  readonly gateway: Gateway;
  readonly proxy: FaultProxy;
  readonly standIn: StandInApi;
  /** The write API that runs now. */
  api(): ChildProgram;
  /** Kills it as a power cut would; resolves when it is gone. */
  killApi(): Promise<void>;
  startApi(): Promise<void>;
  /** From now on the stand-in answers. */
  answer(behaviour: Behaviour): void;
  /** Starts a reader that delivers through the proxy. */
  startReader(env?: Readonly<Record<string, string>>): Promise<ChildProgram>;
}

/**
 * Real seconds that the matrix can afford: three rounds to open, and pauses of one and two. A healthy API on a
 * machine whose host is busy has taken more than one.
 */
const REQUEST_TIMEOUT_MS = 3_000;
const TIMING = {
  SENSORGW_DELIVERY_REQUEST_TIMEOUT: `${REQUEST_TIMEOUT_MS}ms`,
  SENSORGW_DELIVERY_BATCH_TIMEOUT: `${REQUEST_TIMEOUT_MS}ms`,
};

export async function createFaultSite({
  onTestFinished,
}: Pick<TestContext, 'onTestFinished'>): Promise<FaultSite> {
  const gateway = await createGateway({ onTestFinished });
  const proxy = await createFaultProxy({ targetPort: gateway.port, dripMs: 1_000 });
  const standIn = await createStandInApi(gateway.port);
  onTestFinished(async () => {
    await proxy.close();
    await standIn.close();
  });
  let api = await gateway.startApi();

  return {
    gateway,
    proxy,
    standIn,
    api: () => api,
    async killApi() {
      api.kill('SIGKILL');
      await api.exited;
    },
    async startApi() {
      api = await gateway.startApi();
    },
    answer(behaviour) {
      standIn.behave(behaviour);
      proxy.target(standIn.port);
    },
    startReader: (more = {}) =>
      gateway.startReader({
        ...TIMING,
        SENSORGW_DESTINATIONS: `[{name: local, url: "http://127.0.0.1:${proxy.port}"}]`,
        ...more,
      }),
  };
}

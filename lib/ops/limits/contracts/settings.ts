/** Between settings, and between them and what both programs have fixed. */

import type { Contract } from '../contract.ts';
import { shareOf } from '../quantity.ts';

const OURS = 'Report it: both are fixed in the programs.';

export const SETTING_CONTRACTS: readonly Contract[] = [
  {
    name: 'pause',
    step: 'config',
    verdict: 'warn',
    relation: 'less than',
    sides: ({ settings }) => [settings.batchTimeout, settings.longestPause],
    otherwise: 'a destination that hangs is asked most of the time, instead of being left alone',
    fix: 'Raise the last of breaker.pauses, or lower delivery.batch_timeout.',
  },
  {
    name: 'request',
    step: 'config',
    verdict: 'warn',
    relation: 'at most',
    sides: ({ settings, fixed }) => [settings.localBatchTimeout, fixed.apiRequest],
    otherwise: 'the write API cuts off a request for which the reader still waits',
    fix: 'Lower delivery.batch_timeout to 30s.',
  },
  {
    name: 'round',
    step: 'config',
    verdict: 'warn',
    relation: 'at most',
    sides: ({ settings, fixed }) => [
      settings.sourceDeadline,
      shareOf(settings.samplingInterval, fixed.roundShare, 'four fifths of'),
    ],
    otherwise: 'a round goes on without the source before its deadline is over',
    fix: 'Lower the deadline, or raise sampling.interval.',
  },
  {
    name: 'hold',
    step: 'config',
    verdict: 'warn',
    relation: 'at most',
    sides: ({ settings, fixed }) => [
      fixed.clockAsked,
      // Readings that do not wait at all wait for nobody's word.
      settings.clockHold.value === 0 ? undefined : settings.clockHold,
    ],
    otherwise: 'readings are sent with a mark although the clock was vouched for by then',
    fix: 'Set clock.hold to 1m or more, or to 0s.',
  },
  {
    name: 'keep-alive',
    step: 'config',
    verdict: 'warn',
    relation: 'less than',
    sides: ({ fixed }) => [fixed.readerKeepAlive, fixed.apiKeepAlive],
    otherwise: 'the write API closes a connection in the moment in which the reader uses it again',
    fix: OURS,
  },
  {
    name: 'peer',
    step: 'config',
    verdict: 'warn',
    relation: 'less than',
    sides: ({ fixed }) => [shareOf(fixed.beat['sensor-api-write'], 2, 'twice'), fixed.peerSilence],
    otherwise: 'the reader takes a write API for gone that was late by one beat',
    fix: OURS,
  },
  {
    name: 'freshness',
    step: 'config',
    verdict: 'warn',
    relation: 'less than',
    sides: ({ fixed }) => [shareOf(fixed.beat['sensor-main'], 3, 'three times'), fixed.healthFresh],
    otherwise: 'status and doctor call a reader silent that is only late',
    fix: OURS,
  },
];

/** Who answers where our write API should: it, nobody, or a stranger, told apart by the identity header. */

import { API_IDENTITY_HEADER, parseApiIdentity } from '../../../flow/reading.ts';
import { type Check, fail, pass, warn } from '../finding.ts';

export const apiPort: Check = {
  name: 'api-port',
  step: 'api',
  asks: 'does our write API answer on its port, and not a stranger?',
  async run(probe, { apiUrl, version }) {
    const answer = await probe.fetch(`${apiUrl}/health`);
    const { port } = new URL(apiUrl);
    if ('error' in answer) {
      return fail(
        `${apiUrl} does not answer (${answer.error}); readings wait in the outbox meanwhile`,
        'sudo systemctl start sensor-api-write; if it does not stay: journalctl -u sensor-api-write -n 50',
      );
    }
    const identity = parseApiIdentity(answer.headers[API_IDENTITY_HEADER]);
    if (identity === undefined) {
      return fail(
        `a program that is not our write API answers on ${apiUrl} (HTTP ${answer.status})`,
        port === ''
          ? `Stop it: sudo ss -lxp | grep ${apiUrl.slice('unix:'.length)}`
          : `Stop it, or set api.port: sudo ss -ltnp 'sport = :${port}'`,
      );
    }
    if (answer.status !== 200) {
      return fail(
        `the write API answers HTTP ${answer.status}: it cannot store`,
        'sensorctl status; journalctl -u sensor-api-write -n 50',
      );
    }
    if (identity.version !== version) {
      return warn(
        `the write API that runs is ${identity.version}, and ${version} is installed`,
        'sudo systemctl restart sensor-api-write',
      );
    }
    return pass(`${apiUrl} is our write API ${identity.version}`);
  },
};

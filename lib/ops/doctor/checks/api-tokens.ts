/** Where others can reach the write API, its tokens decide who may deliver, and as which gateway. */

import { messageOf } from '../../../base/errors.ts';
import { parseTokens } from '../../../flow/write-api/token-file.ts';
import { type Check, fail, notApplicable, pass, warn } from '../finding.ts';
import { mayRead, modeInWords, serviceUser } from '../service-user.ts';

const ADD = 'sudo sensorctl token add NAME';

export const apiTokens: Check = {
  name: 'api-tokens',
  step: 'api',
  asks: 'do those who can reach the write API have tokens, and can nobody else make one?',
  async run(probe, { api }) {
    if (!api.reachable) return notApplicable('only this machine can reach the write API');
    const file = api.tokensFile;
    const text = await probe.readFile(file);
    const stat = await probe.stat(file, { follow: true });
    if (text === undefined || stat === undefined)
      return warn('others can reach the write API, and no gateway has a token: none can deliver', ADD);
    const service = await serviceUser(probe);
    const fix =
      service === undefined
        ? `chmod 0640 ${file}`
        : `sudo chown ${service.name}:${service.name} ${file} && sudo chmod 0640 ${file}`;
    const seen = `${file} has mode ${modeInWords(stat.mode)}`;
    // Whoever can write it lets himself in as any gateway.
    if (stat.mode & 0o002) return fail(`${seen}: every user can make a token for himself`, fix);
    if (stat.mode & 0o004) return warn(`${seen}: every user may read who delivers here`, fix);
    if (service !== undefined && !mayRead(service, stat))
      return fail(`${seen} and ${service.name} may not read it: no other gateway can deliver`, fix);
    try {
      const { length } = parseTokens(file, text);
      if (length > 0) return pass(`${length === 1 ? 'one gateway has' : `${length} gateways have`} a token`);
      return warn('others can reach the write API, and no gateway has a token: none can deliver', ADD);
    } catch (error) {
      return fail(messageOf(error), `Put it back from a copy, or begin anew: sudo rm ${file}; ${ADD}`);
    }
  },
};

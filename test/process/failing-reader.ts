/** The reader, whole and real, but for a failure that comes with SIGUSR2. */

import { runProgram } from '../../src/wiring/program.ts';
import { READER, startReader } from '../../src/wiring/reader.ts';

await runProgram(READER, async (context) => {
  const running = await startReader(context);
  const broken = new Promise<never>((_resolve, reject) => {
    process.once('SIGUSR2', () => reject(new Error('something broke')));
  });
  return { ...running, failed: Promise.race([running.failed, broken]) };
});

// @ts-check
/** `npm run build`: installs what is missing and compiles to `dist`. */

import { runMain, setUp } from './setup.js';

await runMain(async () => {
  await setUp();
  return 0;
});

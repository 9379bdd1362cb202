/** Which modules are stood in for, by the end of their address. A stand-in itself gets the real one. */

const STAND_INS = {
  '/dist/lib/base/logger.js': 'logger.js',
  '/dist/lib/base/loop.js': 'loop.js',
  '/dist/lib/base/sqlite.js': 'sqlite.js',
  '/dist/lib/ops/heartbeat.js': 'heartbeat.js',
  '/node_modules/i2c-bus/i2c-bus.js': 'i2c-bus.js',
};

const HERE = new URL('.', import.meta.url).href;

export async function resolve(specifier, context, nextResolve) {
  const found = await nextResolve(specifier, context);
  const name = Object.keys(STAND_INS).find((end) => found.url.endsWith(end));
  if (name === undefined || context.parentURL?.startsWith(HERE)) return found;
  return { url: new URL(STAND_INS[name], HERE).href, format: 'module', shortCircuit: true };
}

/**
 * The parts of prom-client that are used, by their own files: the whole of it also loads a cluster, a push gateway and
 * their HTTP, 3 to 5 MiB that each program would hold for nothing. The types are those of the whole.
 */

declare module 'prom-client/lib/counter.js' {
  export { Counter as default } from 'prom-client';
}
declare module 'prom-client/lib/gauge.js' {
  export { Gauge as default } from 'prom-client';
}
declare module 'prom-client/lib/histogram.js' {
  export { Histogram as default } from 'prom-client';
}
declare module 'prom-client/lib/registry.js' {
  export { Registry as default } from 'prom-client';
}

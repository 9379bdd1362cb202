/** `GET /api/v1/export`: all readings of a time as a file; of the newest ones as far as they are stored. */

import { EXPORT_TYPES, exported } from '../export.ts';
import { route, spanOf } from '../route.ts';
import { ExportQuery } from '../schemas.ts';

export const exportRoute = route({
  url: '/api/v1/export',
  about: 'Readings as CSV or NDJSON, series by series and in each by time; of any length.',
  query: ExportQuery,
  answer: [...new Set(Object.values(EXPORT_TYPES))],
  async reply({ since, until, ...query }, api) {
    // The first look, so that a store that cannot be read is a problem and not half a file.
    await api.ask('held');
    const { format } = query;
    return {
      kind: 'text',
      type: EXPORT_TYPES[format],
      fileName: format === 'ndjson' ? 'readings.ndjson' : 'readings.csv',
      chunks: exported(api.ask, { ...query, ...spanOf({ since, until }, api) }),
    };
  },
});

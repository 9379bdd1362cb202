/** Where readings are delivered: by readers, and by others. */
export const BATCHES = '/api/v1/batches';
export const READINGS = '/api/v1/readings';

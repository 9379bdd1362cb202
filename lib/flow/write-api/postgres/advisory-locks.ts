/** Advisory locks of a database, by their numbers: what only one write API does at a time. */

/** `sgw` and a count, so that those of other programs over the same database are hardly the same. */
export const LOCKS = {
  migrate: 0x73677701,
  series: 0x73677702,
  partitions: 0x73677703,
  upkeep: 0x73677704,
} as const;

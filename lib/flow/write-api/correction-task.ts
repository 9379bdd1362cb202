/** A declared correction that is being carried out in steps, as a store keeps it, and how far it has got. */

export interface CorrectionTask {
  readonly id: number;
  readonly stream: number;
  readonly gateway: string;
  readonly lo: number;
  readonly hi: number;
  readonly offset: number;
  readonly fromAt: number;
  readonly toAt: number;
  /** Where it has got to: this series, behind this reading. */
  readonly series: number;
  readonly at: number;
  readonly atStream: number;
  readonly atSeq: number;
}

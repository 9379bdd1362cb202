/** Remembers every flow event and lets a test await one instead of sleeping. */

import type { FlowEvent, Observe } from '../../lib/flow/flow-event.ts';

type Type = FlowEvent['type'];
type Of<T extends Type> = Extract<FlowEvent, { type: T }>;

export interface EventRecorder {
  readonly observe: Observe;
  readonly events: FlowEvent[];
  of<T extends Type>(type: T): Of<T>[];
  /** The first event of this type (and shape) from now on. */
  next<T extends Type>(type: T, matches?: (event: Of<T>) => boolean): Promise<Of<T>>;
}

export function createEventRecorder(): EventRecorder {
  const events: FlowEvent[] = [];
  const waiting = new Set<(event: FlowEvent) => void>();
  return {
    events,
    observe(event) {
      events.push(event);
      for (const look of waiting) look(event);
    },
    of: <T extends Type>(type: T) => events.filter((event): event is Of<T> => event.type === type),
    next: <T extends Type>(type: T, matches: (event: Of<T>) => boolean = () => true) =>
      new Promise<Of<T>>((resolve) => {
        const look = (event: FlowEvent) => {
          if (event.type !== type || !matches(event as Of<T>)) return;
          waiting.delete(look);
          resolve(event as Of<T>);
        };
        waiting.add(look);
      }),
  };
}

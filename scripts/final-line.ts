/** A reporter that closes a test run with the line that scripts and people look for. */

import type { Reporter, TestModule, TestResult } from 'vitest/node';

export default class FinalLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      // A file that could not even be loaded has failed, although none of its tests has run.
      if (module.errors().length > 0) count.failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        count[state] += 1;
        if (state === 'skipped')
          console.log(`skipped: ${test.fullName} (${noteOf(test.result()) ?? 'no reason given'})`);
      }
    }
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
    console.log(`${count.passed} passed, ${count.failed} failed${skipped}`);
  }
}

/** What `context.skip(note)` said; only a skipped test has one. */
function noteOf(result: TestResult): string | undefined {
  return 'note' in result ? result.note : undefined;
}

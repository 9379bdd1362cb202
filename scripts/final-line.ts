/**
 * A reporter that counts a test run for `scripts/test.js`, which closes with the line that scripts and
 * people look for. It leaves the printing to that script: after a crash of the runner nobody here
 * could print any more, and the line would be missing exactly when it matters.
 */

import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule, TestResult } from 'vitest/node';

export default class FinalLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    const skips: string[] = [];
    const failures: Failure[] = [];
    for (const module of modules) {
      // A file that could not even be loaded has failed, although none of its tests has run.
      if (module.errors().length > 0) {
        count.failed += 1;
        failures.push({ file: module.relativeModuleId, why: firstLineOf(module.errors()) });
      }
      for (const test of module.children.allTests()) {
        const result = test.result();
        count[result.state] += 1;
        if (result.state === 'skipped')
          skips.push(`${test.fullName} (${noteOf(result) ?? 'no reason given'})`);
        if (result.state === 'failed') {
          const why = firstLineOf(result.errors);
          failures.push({ file: module.relativeModuleId, test: test.fullName, why });
        }
      }
    }
    const file = process.env.TEST_COUNT_FILE;
    // A test that never ended has not passed.
    const failed = count.failed + count.pending;
    if (file === undefined) return;
    writeFileSync(file, JSON.stringify({ passed: count.passed, failed, skips, failures }));
  }
}

interface Failure {
  readonly file: string;
  /** With the names of what it stands in; without one, the file itself. */
  readonly test?: string;
  readonly why: string;
}

const firstLineOf = (errors: readonly { readonly message: string }[]) =>
  (errors[0]?.message ?? 'no reason given').split('\n', 1)[0] ?? '';

/** What `context.skip(note)` said; only a skipped test has one. */
function noteOf(result: TestResult): string | undefined {
  return 'note' in result ? result.note : undefined;
}

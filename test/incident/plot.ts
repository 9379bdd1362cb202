/** x */
import type { Report } from './report.ts';
export function plotOf(report: Report): string {
  return JSON.stringify(report);
}

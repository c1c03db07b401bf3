import type { FsckOptions, Progress } from './context';
import type { Finding, Warning } from './finding';
import type { Observer, Summary } from './fsck';
import { bytesInWords, counted, mebibytesPerSecond } from './quantities';
import type { Outcome } from './repair';

/** Puts what is found into lines, as it is found. */
export interface Report extends Observer {
  summary(summary: Summary, options: FsckOptions): void;
}

export interface ReportSinks {
  /** Takes a line for standard output. */
  out(line: string): void;
  /** Takes a line for standard error. */
  err(line: string): void;
  progress: Progress;
}

/** One finding a line: its code, its subject, and what a person wants to know. Warnings go to standard error. */
export function textReport({ out, err, progress }: ReportSinks): Report {
  return {
    progress,
    finding: ({ code, subject, detail }) => out(`${code} ${subject} ${detail}`),
    warning: ({ code, subject, detail }) => err(`warning: ${code} ${subject} ${detail}`),
    repair: ({ finding, result, detail }) => out(`repair: ${finding.subject} ${result}: ${detail}`),
    summary: (summary, options) => out(summaryLine(summary, options)),
  };
}

/** One JSON object a line; `type` tells which, and the last is the summary. */
export function jsonReport({ out, progress }: ReportSinks): Report {
  const line = (type: string, value: Finding | Warning | Outcome | (Summary & Rate)): void =>
    out(JSON.stringify({ type, ...value }));
  return {
    progress,
    finding: (finding) => line('finding', finding),
    warning: (warning) => line('warning', warning),
    repair: (outcome) => line('repair', outcome),
    summary: (summary) => line('summary', { ...summary, mebibytesPerSecond: rateOf(summary) }),
  };
}

interface Rate {
  mebibytesPerSecond: number;
}

function rateOf({ verifiedBytes, seconds }: Summary): number {
  return mebibytesPerSecond(verifiedBytes, seconds);
}

function summaryLine(summary: Summary, options: FsckOptions): string {
  const { findings, healed, warnings } = summary;
  const verdict = findings === 0 ? 'clean' : counted(findings, 'finding');
  const afterwards = options.repair && findings > 0 ? `, ${healed} of them healed` : '';
  const seen = [
    counted(summary.files, 'file'),
    counted(summary.uploads, 'upload'),
    `${counted(summary.listed, 'object')} in the store`,
  ].join(', ');
  const read = options.fast
    ? 'no object read'
    : `${bytesInWords(summary.verifiedBytes)} verified at ${rateOf(summary)} MiB/s`;
  const aside = warnings === 0 ? '' : `, ${counted(warnings, 'warning')}`;
  return `fsck: ${verdict}${afterwards}${aside}; ${seen}; ${read}, ${summary.seconds.toFixed(1)} s`;
}

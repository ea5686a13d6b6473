/** Offsets are UTF-16 code units, 0-based, half-open. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A text with its name. `path` is relative to the project, with forward slashes. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
}

export interface Label {
  readonly span: Span;
  readonly text: string;
}

export interface Edit {
  readonly span: Span;
  readonly newText: string;
}

export interface Help {
  readonly text: string;
  readonly applicability: 'safe' | 'review' | 'placeholder';
  readonly edits: readonly Edit[];
}

export type Severity = 'error' | 'warning';

/**
 * One fault, in biome's three pillars: `message` what, `cause` why, `help` what to do. Codes stand in `catalogue.ts`.
 * `message`: lower case, no final stop, identifiers in backticks, never proposes the fix.
 */
export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly file: SourceText;
  readonly primary: Label;
  readonly secondary: readonly Label[];
  readonly cause: string | null;
  readonly help: readonly Help[];
}

/** Where a stage puts its faults. A stage reports all of them; the compiler stops before the next stage if any is an error. */
export interface DiagnosticSink {
  report(diagnostic: Diagnostic): void;
}

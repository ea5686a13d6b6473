/** Builds diagnostics. Every stage makes its faults through `fault` and `warn`, so that no field is forgotten. */
import type { Diagnostic, DiagnosticSink, Edit, Help, Label, Severity, SourceText, Span } from './diagnostic.ts';

export interface FaultParts {
  /** Text under the caret; stands alone. */
  readonly label?: string;
  /** The fact that the fault rests on. */
  readonly cause?: string | null;
  /** A text is a help without an edit that needs thought. */
  readonly help?: string | Help | readonly Help[] | null;
  readonly secondary?: readonly Label[];
}

export function fault(code: string, file: SourceText, span: Span, message: string, parts: FaultParts = {}): Diagnostic {
  return build('error', code, file, span, message, parts);
}

export function warning(
  code: string,
  file: SourceText,
  span: Span,
  message: string,
  parts: FaultParts = {},
): Diagnostic {
  return build('warning', code, file, span, message, parts);
}

function build(
  severity: Severity,
  code: string,
  file: SourceText,
  span: Span,
  message: string,
  parts: FaultParts,
): Diagnostic {
  return {
    code,
    severity,
    message,
    file,
    primary: { span, text: parts.label ?? '' },
    secondary: parts.secondary ?? [],
    cause: parts.cause ?? null,
    help: helps(parts.help ?? null),
  };
}

function helps(help: string | Help | readonly Help[] | null): readonly Help[] {
  if (help === null) return [];
  if (typeof help === 'string') return [{ text: help, applicability: 'review', edits: [] }];
  return 'text' in help ? [help] : help;
}

/** A help whose edit replaces `span`. */
export function replaceHelp(
  text: string,
  span: Span,
  newText: string,
  applicability: Help['applicability'] = 'review',
): Help {
  const edits: readonly Edit[] = [{ span, newText }];
  return { text, applicability, edits };
}

/** More errors than this in one file help nobody; the rest are told once these are mended. */
export const MAX_ERRORS_OF_FILE = 100;

/** A sink that keeps what it is told. */
export class CollectingSink implements DiagnosticSink {
  readonly diagnostics: Diagnostic[] = [];

  report(diagnostic: Diagnostic): void {
    this.diagnostics.push(diagnostic);
  }

  hasErrors(): boolean {
    return this.diagnostics.some((diagnostic) => diagnostic.severity === 'error');
  }
}

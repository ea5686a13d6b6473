import { SEMANTIC_CODES, type SemanticCode } from '../diagnostics/codes-semantic.ts';
import type { Diagnostic, DiagnosticSink, Edit, Help, Label, SourceText, Span } from '../diagnostics/diagnostic.ts';

export interface FaultParts {
  /** Overrides the code's own cause. */
  readonly cause?: string | undefined;
  /** Overrides the code's own help. */
  readonly help?: string | undefined;
  /** They stand behind the help; each alone is a part of one change. */
  readonly edits?: readonly Edit[] | undefined;
  /** `placeholder`: the edit holds a name that was made up. */
  readonly applicability?: Help['applicability'] | undefined;
  readonly secondary?: readonly Label[];
  /** Text under the caret; stands alone. */
  readonly label?: string | undefined;
}

/** Where the semantic stages put the faults of one file. Counts errors, so that a caller knows whether to go on. */
export class Faults {
  errors = 0;
  /** Syntax nodes whose fault was told already: binding them gives nothing and says nothing. */
  readonly poisoned = new WeakSet<object>();
  readonly file: SourceText;
  readonly #sink: DiagnosticSink;
  readonly #seen = new Set<string>();

  constructor(file: SourceText, sink: DiagnosticSink) {
    this.file = file;
    this.#sink = sink;
  }

  error(code: SemanticCode, span: Span, message: string, parts: FaultParts = {}): null {
    return this.#report(code, code, 'error', span, message, parts);
  }

  warning(code: SemanticCode, span: Span, message: string, parts: FaultParts = {}): null {
    return this.#report(code, code, 'warning', span, message, parts);
  }

  /** A fault whose code comes from the function registry; `like` gives the texts that are missing. */
  foreign(code: string, like: SemanticCode, span: Span, message: string, parts: FaultParts): null {
    return this.#report(code, like, 'error', span, message, parts);
  }

  #report(
    code: string,
    like: SemanticCode,
    severity: Diagnostic['severity'],
    span: Span,
    message: string,
    parts: FaultParts,
  ): null {
    // A CTE's column can be bound at each use; its fault is told once.
    const key = `${code}:${span.start}:${span.end}:${message}`;
    if (this.#seen.has(key)) return null;
    this.#seen.add(key);
    if (severity === 'error') this.errors++;
    const texts = SEMANTIC_CODES[like];
    const help = parts.help ?? texts.help;
    this.#sink.report({
      code,
      severity,
      message,
      file: this.file,
      primary: { span, text: parts.label ?? '' },
      secondary: parts.secondary ?? [],
      cause: parts.cause ?? texts.cause,
      help: [{ text: help, applicability: parts.applicability ?? 'review', edits: parts.edits ?? [] }],
    });
    return null;
  }
}

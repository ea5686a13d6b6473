/** Diagnostics for people, in rustc's layout, and for programs, as JSON. */

import { counted, formatCount } from '../../runtime/values/counted.ts';
import type { Diagnostic, Edit, Help, Label, SourceText, Span } from './diagnostic.ts';
import { lineText, type Position, positionAt } from './positions.ts';
import { type Marker, type Paint, renderSnippet } from './snippet.ts';
import { printableLine } from './width.ts';

export interface RenderOptions {
  readonly color: boolean;
}

const STYLES = { error: '1;31', warning: '1;33', gutter: '1;34', help: '1;32', bold: '1' };

function painter(color: boolean): Paint {
  return color ? (style, text) => (text === '' ? '' : `\u001b[${STYLES[style]}m${text}\u001b[0m`) : (_, text) => text;
}

export function renderHuman(diagnostics: readonly Diagnostic[], options: RenderOptions): string {
  const paint = painter(options.color);
  return diagnostics.map((diagnostic) => renderOne(diagnostic, paint)).join('\n');
}

/** `2 errors, 1 warning in 2 of 14 features`. `features` is how many views were compiled. */
export function summaryLine(diagnostics: readonly Diagnostic[], features: number): string {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const counts = [countOf(errors, 'error'), countOf(warnings, 'warning')].filter((text) => text !== null);
  const files = new Set(diagnostics.map((diagnostic) => diagnostic.file.path));
  const touched = [...files].filter((path) => !path.startsWith('features/sources/')).length;
  const place =
    touched === 0
      ? `in ${counted(files.size, 'source')}`
      : `in ${formatCount(touched)} of ${counted(features, 'feature')}`;
  return counts.length === 0 ? 'no errors' : `${counts.join(', ')} ${place}`;
}

function countOf(count: number, what: string): string | null {
  return count === 0 ? null : counted(count, what);
}

function renderOne(diagnostic: Diagnostic, paint: Paint): string {
  const { file, primary } = diagnostic;
  const digits = gutterDigits(diagnostic);
  const start = positionAt(file, primary.span.start);
  const lines = [
    `${paint(diagnostic.severity, `${diagnostic.severity}[${diagnostic.code}]`)}${paint('bold', `: ${printableLine(diagnostic.message)}`)}`,
    `${' '.repeat(digits + 1)}${paint('gutter', '-->')} ${printableLine(file.path)}:${start.line}:${start.column}`,
  ];
  const empty = `${' '.repeat(digits + 2)}${paint('gutter', '|')}`;
  if (file.text !== '') lines.push(empty, ...renderSnippet(file, markersOf(diagnostic), digits, paint), empty);
  if (diagnostic.cause !== null)
    lines.push(`${' '.repeat(digits + 2)}${paint('gutter', '=')} cause: ${printableLine(diagnostic.cause)}`);
  for (const help of diagnostic.help) lines.push(...renderHelp(file, help, digits, paint));
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function markersOf(diagnostic: Diagnostic): readonly Marker[] {
  const style = diagnostic.severity;
  return [
    { ...diagnostic.primary, mark: '^', style },
    ...diagnostic.secondary.map((label): Marker => ({ ...label, mark: '-', style: 'gutter' })),
  ];
}

/** Digits of the greatest line number that is shown. */
function gutterDigits(diagnostic: Diagnostic): number {
  const spans = [diagnostic.primary, ...diagnostic.secondary].map((label) => label.span);
  const edits = diagnostic.help.flatMap((help) => help.edits.map((edit) => edit.span));
  const last = Math.max(...[...spans, ...edits].map((span) => positionAt(diagnostic.file, span.end).line));
  return String(last).length;
}

function renderHelp(file: SourceText, help: Help, digits: number, paint: Paint): string[] {
  const lines = [`${paint('help', 'help')}: ${printableLine(help.text)}`];
  const byLine = new Map<number, Edit[]>();
  for (const edit of help.edits) {
    const { line } = positionAt(file, edit.span.start);
    if (positionAt(file, edit.span.end).line !== line) return lines;
    byLine.set(line, [...(byLine.get(line) ?? []), edit]);
  }
  for (const [line, edits] of [...byLine].sort(([a], [b]) => a - b))
    lines.push(...renderEdits(file, line, edits, digits, paint));
  return lines;
}

/** The line as it is after the edits, with what is new marked; where nothing is new, the line before it too. */
function renderEdits(file: SourceText, line: number, edits: readonly Edit[], digits: number, paint: Paint): string[] {
  const [first] = edits;
  if (first !== undefined && edits.length === 1 && first.newText.endsWith('\n')) {
    const number = paint('gutter', String(line).padStart(digits + 1));
    return first.newText
      .split('\n')
      .slice(0, -1)
      .map((text) => `${number} ${paint('help', '+')} ${printableLine(text)}`);
  }
  const before = lineText(file, line);
  const lineStart = positionAt(file, first?.span.start ?? 0);
  const base = lineStart.offset - lineStart.column + 1;
  let after = '';
  let at = 0;
  const markers: Marker[] = [];
  for (const { span, newText } of [...edits].sort((a, b) => a.span.start - b.span.start)) {
    after += before.slice(at, span.start - base);
    if (newText !== '') {
      markers.push({
        span: { start: after.length, end: after.length + newText.length },
        text: '',
        mark: '+',
        style: 'help',
      });
    }
    after += newText;
    at = span.end - base;
  }
  after += before.slice(at);
  if (markers.length === 0 || /[\r\n]/.test(after)) {
    const number = paint('gutter', String(line).padStart(digits + 1));
    return [
      `${number} ${paint('error', '-')} ${printableLine(before)}`,
      `${number} ${paint('help', '+')} ${printableLine(after)}`,
    ];
  }
  return renderSnippet({ path: file.path, text: after }, markers, digits, paint, line);
}

export interface JsonSpan {
  readonly start: Position;
  readonly end: Position;
}

export interface JsonDiagnostic {
  readonly v: 1;
  readonly code: string;
  readonly severity: Diagnostic['severity'];
  readonly message: string;
  readonly file: string;
  readonly span: JsonSpan;
  readonly labels: readonly { readonly primary: boolean; readonly span: JsonSpan; readonly text: string }[];
  readonly cause: string | null;
  readonly help: readonly {
    readonly text: string;
    readonly applicability: Help['applicability'];
    readonly edits: readonly { readonly offset: number; readonly length: number; readonly newText: string }[];
  }[];
  /** Of the view that the file declares; null for a source. */
  readonly feature: string | null;
  readonly version: number | null;
  readonly docs: string;
}

/** The object that is one line of `--format json`. */
export function renderJson(diagnostic: Diagnostic): JsonDiagnostic {
  const { file } = diagnostic;
  const view = /^features\/([^/]+)\/v(\d+)\.sql$/.exec(file.path);
  const labels = [
    { primary: true, label: diagnostic.primary },
    ...diagnostic.secondary.map((label: Label) => ({ primary: false, label })),
  ];
  return {
    v: 1,
    code: diagnostic.code,
    severity: diagnostic.severity,
    message: diagnostic.message,
    file: file.path,
    span: jsonSpan(file, diagnostic.primary.span),
    labels: labels.map(({ primary, label }) => ({ primary, span: jsonSpan(file, label.span), text: label.text })),
    cause: diagnostic.cause,
    help: diagnostic.help.map((help) => ({
      text: help.text,
      applicability: help.applicability,
      edits: help.edits.map(({ span, newText }) => ({ offset: span.start, length: span.end - span.start, newText })),
    })),
    feature: view === null ? null : view[1]!,
    version: view === null ? null : Number(view[2]),
    docs: `docs/diagnostics/${diagnostic.code}.md`,
  };
}

function jsonSpan(file: SourceText, span: Span): JsonSpan {
  return { start: positionAt(file, span.start), end: positionAt(file, span.end) };
}

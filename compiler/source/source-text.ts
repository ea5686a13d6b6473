/** Bytes → text, with a located fault for whatever cannot be carried safely. */
import type { Diagnostic, DiagnosticSink, SourceText } from '../diagnostics/diagnostic.ts';

export const MAX_SOURCE_BYTES = 1024 * 1024;

/** Text is taken as decoded; bytes are read as UTF-8. Null if the content has a fault, which is reported. */
export function decodeSource(path: string, content: string | Uint8Array, sink: DiagnosticSink): SourceText | null {
  const bytes = typeof content === 'string' ? Buffer.byteLength(content) : content.length;
  if (bytes > MAX_SOURCE_BYTES) {
    sink.report(tooLarge({ path, text: '' }));
    return null;
  }
  const text = typeof content === 'string' ? content : new TextDecoder('utf-8', { ignoreBOM: true }).decode(content);
  const file: SourceText = { path, text };
  const bad = findBad(text);
  if (bad === null) return file;
  sink.report(bad(file));
  return null;
}

// U+0000 first: some editors and databases end a text there, so nothing after it would be seen.
const UNSAFE = /\0|\ufeff|\ufffd|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

function findBad(text: string): ((file: SourceText) => Diagnostic) | null {
  const at = UNSAFE.exec(text)?.index;
  if (at === undefined) return null;
  switch (text.charCodeAt(at)) {
    case 0:
      return (file) => nul(file, at);
    case 0xfeff:
      return (file) => byteOrderMark(file, at);
    default:
      return (file) => invalidUtf8(file, at);
  }
}

function build(
  code: string,
  file: SourceText,
  at: number,
  length: number,
  message: string,
  label: string,
  cause: string,
  help: string,
): Diagnostic {
  const primary = { span: { start: at, end: at + length }, text: label };
  const helps = [{ text: help, applicability: 'review' as const, edits: [] }];
  return { code, severity: 'error', message, file, primary, secondary: [], cause, help: helps };
}

function tooLarge(file: SourceText): Diagnostic {
  return build(
    'FSC1043',
    file,
    0,
    0,
    'file is larger than 1 MiB',
    '',
    'a feature file is one statement',
    'data belongs in a source, not in its declaration',
  );
}

function nul(file: SourceText, at: number): Diagnostic {
  return build(
    'FSC1042',
    file,
    at,
    1,
    'file holds the character U+0000',
    'here',
    'no database takes it in a statement',
    'remove it, or save the file as UTF-8',
  );
}

function byteOrderMark(file: SourceText, at: number): Diagnostic {
  return build(
    'FSC1041',
    file,
    at,
    1,
    'file holds a byte order mark (U+FEFF)',
    'invisible, and no blank',
    'databases refuse it or take it for a letter',
    'save the file as UTF-8 without a byte order mark',
  );
}

function invalidUtf8(file: SourceText, at: number): Diagnostic {
  return build(
    'FSC1040',
    file,
    at,
    1,
    'file is not valid UTF-8',
    'these bytes are no character',
    'the text would differ from machine to machine',
    'save the file as UTF-8',
  );
}

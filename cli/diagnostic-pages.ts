/** The page of every code that fsc prints, of every layer: what `explain CODE` shows, and docs/diagnostics. */
import { type CodePage, catalogue, renderIndex, renderPage } from '../compiler/diagnostics/catalogue.ts';
import { DUCKDB_CODES } from '../runtime/engines/duckdb/error-codes.ts';
import { ENGINE_CODES } from '../runtime/engines/error-codes.ts';
import { LOG_CODES } from '../runtime/log/error-codes.ts';
import { SERVING_CODES } from '../runtime/serving/error-codes.ts';
import { POSTGRES_CODES } from '../runtime/sources/error-codes.ts';
import { STORE_CODES } from '../runtime/stores/error-codes.ts';
import { BUG_CODES, CLI_CODES } from './error-codes.ts';

/** A code of the runtime or the command line: its message carries cause and help of the case besides. */
interface ErrorPage {
  readonly title: string;
  readonly explanation: string;
  readonly help: string;
}

export interface DiagnosticPage {
  readonly code: string;
  readonly title: string;
  readonly cause: string;
  readonly help: string;
  readonly wrong: string | null;
  readonly right: string | null;
  /** Markdown, as in docs/diagnostics. */
  readonly text: string;
}

const ERROR_CODES: readonly Readonly<Record<string, ErrorPage>>[] = [
  CLI_CODES,
  LOG_CODES,
  STORE_CODES,
  SERVING_CODES,
  ENGINE_CODES,
  DUCKDB_CODES,
  POSTGRES_CODES,
  BUG_CODES,
];

export function diagnosticPages(): ReadonlyMap<string, DiagnosticPage> {
  const pages = new Map<string, DiagnosticPage>();
  for (const [code, page] of catalogue()) pages.set(code, compilerPage(code, page));
  for (const codes of ERROR_CODES)
    for (const [code, page] of Object.entries(codes)) pages.set(code, errorPage(code, page));
  return pages;
}

function compilerPage(code: string, page: CodePage): DiagnosticPage {
  const { title, cause, help, wrong = null, right = null } = page;
  return { code, title, cause, help, wrong, right, text: renderPage(code, page) };
}

function errorPage(code: string, { title, explanation: cause, help }: ErrorPage): DiagnosticPage {
  return { code, title, cause, help, wrong: null, right: null, text: renderPage(code, { title, cause, help }) };
}

/** The files of docs/diagnostics by name. */
export function diagnosticFiles(): ReadonlyMap<string, string> {
  const pages = diagnosticPages();
  const files = new Map([...pages].map(([code, page]) => [`${code}.md`, page.text]));
  files.set('README.md', renderIndex(pages));
  return files;
}

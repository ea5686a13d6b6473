/** Every code that the compiler gives. Codes are never reused. */
import { SEMANTIC_CODES } from './codes-semantic.ts';
import { SYNTAX_CODES } from './codes-syntax.ts';
import { EXAMPLES } from './examples.ts';

export interface CodePage {
  readonly title: string;
  /** Why it is refused. */
  readonly cause: string;
  /** What to write instead. */
  readonly help: string;
  /** SQL that gives the code. */
  readonly wrong?: string;
  /** The same, right. */
  readonly right?: string;
}

const CATALOGUE: ReadonlyMap<string, CodePage> = new Map<string, CodePage>([
  ...Object.entries(SYNTAX_CODES),
  ...Object.entries(SEMANTIC_CODES).map(([code, texts]): [string, CodePage] => [code, { ...texts, ...EXAMPLES[code] }]),
]);

export function catalogue(): ReadonlyMap<string, CodePage> {
  return CATALOGUE;
}

export function pageOf(code: string): CodePage | null {
  return CATALOGUE.get(code) ?? null;
}

const STAGES: readonly { readonly prefix: string; readonly title: string }[] = [
  { prefix: 'FSC1', title: 'Files and syntax' },
  { prefix: 'FSC2', title: 'Sources and names' },
  { prefix: 'FSC3', title: 'Names, types and windows' },
  { prefix: 'FSC4', title: 'Meaning of a feature: time, shape, determinism' },
  { prefix: 'FSC5', title: 'State and exactness' },
  { prefix: 'FSC70', title: 'Arguments, configuration and commands' },
  { prefix: 'FSC71', title: 'Records, the log and its files' },
  { prefix: 'FSC72', title: 'Online rows and lookups' },
  { prefix: 'FSC73', title: 'Runs and DuckDB' },
  { prefix: 'FSC9', title: 'Bugs of fsc' },
];

/** The text of docs/diagnostics/<CODE>.md. */
export function renderPage(code: string, page: CodePage): string {
  const parts = [
    `# ${code}: ${page.title}`,
    `**Why:** ${sentence(page.cause)}`,
    `**What to do:** ${sentence(page.help)}`,
  ];
  if (page.wrong !== undefined) parts.push(`Wrong:\n\n\`\`\`sql\n${page.wrong}\n\`\`\``);
  if (page.right !== undefined) parts.push(`Right:\n\n\`\`\`sql\n${page.right}\n\`\`\``);
  return `${parts.join('\n\n')}\n`;
}

/** The text of docs/diagnostics/README.md. */
export function renderIndex(pages: ReadonlyMap<string, { readonly title: string }>): string {
  const lines = [
    '# Diagnostics',
    '',
    'One page a code; `fsc explain CODE` prints it. Written by `scripts/docs-diagnostics.mjs` from the catalogue.',
  ];
  for (const stage of STAGES) {
    const codes = [...pages].filter(([code]) => code.startsWith(stage.prefix)).sort(([a], [b]) => (a < b ? -1 : 1));
    if (codes.length === 0) continue;
    lines.push('', `## ${stage.title}`, '', ...codes.map(([code, page]) => `- [${code}](${code}.md) ${page.title}`));
  }
  return `${lines.join('\n')}\n`;
}

function sentence(text: string): string {
  const upper = /^[a-z]/.test(text) ? `${text[0]!.toUpperCase()}${text.slice(1)}` : text;
  return /[.!?]$/.test(upper) ? upper : `${upper}.`;
}

/**
 * Transcripts of a terminal in a page, run as they stand. A section (`##`) is a folder of its own in which the first section was run before it;
 * its ```sql blocks are files, named by their first line, and the lines of its ```console blocks that begin with `$ ` are commands of one shell.
 * What a command prints follows it, stdout and stderr as a terminal shows them, and `(exit N)` where the code is not 0. `…` stands for anything
 * in a line, and alone in a line for any lines.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MAIN } from '../integration/process.ts';

const run = promisify(execFile);

interface Step {
  /** What the shell is given: a here-document has several lines. */
  readonly command: string;
  /** What the page says that it prints, with the line of the exit code. */
  readonly printed: string;
}

export interface Section {
  readonly title: string;
  readonly steps: readonly Step[];
}

const BLOCK = /```(sql|console)\n([\s\S]*?)```/g;
const PROMPT = '$ ';
const END = '--- end of a command';
/** What a slow machine is told meanwhile. */
const PROGRESS = /^reading the records of .* …\n/gm;

export function sectionsOf(page: string): readonly Section[] {
  return page
    .split(/^## /m)
    .slice(1)
    .map((text) => ({
      title: text.slice(0, text.indexOf('\n')),
      steps: [...text.matchAll(BLOCK)].flatMap(([, kind, body]) => (kind === 'sql' ? [fileOf(body!)] : stepsOf(body!))),
    }))
    .filter(({ steps }) => steps.length > 0);
}

function fileOf(body: string): Step {
  const path = /^-- (features\/\S+\.sql)\n/.exec(body)?.[1];
  if (path === undefined) throw new Error(`no file is named by the first line of\n${body}`);
  return { command: `mkdir -p $(dirname ${path}); cat > ${path} <<'END'\n${body}END`, printed: '' };
}

function stepsOf(body: string): readonly Step[] {
  return body
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      const tag = /^.*<<'?(\w+)/.exec(text)?.[1];
      const end = tag === undefined ? text.indexOf('\n') : text.indexOf(`\n${tag}\n`) + tag.length + 1;
      return { command: text.slice(0, end), printed: text.slice(end + 1) };
    });
}

/** What each command of the section prints. */
export async function runSection(first: Section, section: Section): Promise<readonly string[]> {
  const root = mkdtempSync(join(tmpdir(), 'fsc transcript '));
  const folder = join(root, 'shop');
  try {
    mkdirSync(folder);
    mkdirSync(join(root, 'bin'));
    writeFileSync(join(root, 'bin/fsc'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o755 });
    const before = section === first ? [] : first.steps;
    const script = [...before, ...section.steps].map(({ command }) => `${command}\necho "${END} $?"\n`).join('');
    writeFileSync(join(root, 'script'), script);
    const { stdout } = await run('bash', ['-c', `exec 2>&1 </dev/null; . '${join(root, 'script')}'`], {
      cwd: folder,
      env: { PATH: `${join(root, 'bin')}:${process.env['PATH']}`, LC_ALL: 'C.UTF-8' },
      timeout: 170_000,
    });
    const parts = stdout.replace(PROGRESS, '').split(new RegExp(`^${END} (\\d+)\\n`, 'm'));
    return section.steps.map((_, i) => {
      const at = 2 * (before.length + i);
      const [printed = '', code = '?'] = parts.slice(at, at + 2);
      return code === '0' ? printed : `${printed}(exit ${code})\n`;
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** The page's own words where they say what was printed. */
export function toldAs(printed: string, wanted: string): string {
  const escaped = wanted.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = escaped.replace(/^…\n/gm, '(?:.*\\n)*').replaceAll('…', '.*');
  return new RegExp(`^${pattern}$`).test(printed) ? wanted : printed;
}

export function transcriptOf(steps: readonly Step[], printed: readonly string[]): string {
  return steps.map(({ command }, i) => `${PROMPT}${command}\n${printed[i]}`).join('');
}

/** The page, with what the commands print in the place of what it says they do. */
export function rewritten(page: string, { title, steps }: Section, printed: readonly string[]): string {
  let text = page;
  let from = page.indexOf(`## ${title}\n`);
  for (const [i, step] of steps.entries()) {
    const old = transcriptOf([step], [step.printed]);
    const at = text.indexOf(old, from);
    if (at < 0) continue; // A file.
    const told = transcriptOf([step], [printed[i]!]);
    text = text.slice(0, at) + told + text.slice(at + old.length);
    from = at + told.length;
  }
  return text;
}

import type { Command } from 'commander';
import { suggest } from '../../compiler/diagnostics/suggest.ts';
import { emitProject } from '../../compiler/emit.ts';
import type { ViewPlan } from '../../compiler/plan/plan.ts';
import { loadProgram } from '../../runtime/state/load.ts';
import { counted } from '../../runtime/values/counted.ts';
import { FscError } from '../../runtime/values/errors.ts';
import type { CommandRunner, ExitStatus } from '../cli.ts';
import { compile } from '../compiled.ts';
import { type DiagnosticPage, diagnosticPages } from '../diagnostic-pages.ts';
import { readFeatureFiles } from '../features.ts';
import { type GlobalFlags, type Io, writeOut } from '../io.ts';
import { loadProject } from '../project.ts';
import { columnsOf, plainText } from '../result-rows.ts';
import { noSuchView } from '../view-named.ts';
import {
  type OutputWords,
  type SlotWords,
  type StateBytes,
  stateBytesOf,
  type ViewWords,
  viewWords,
} from '../view-plan.ts';

const DIALECTS = [
  ['duckdb', 'DuckDB'],
  ['postgres', 'Postgres'],
] as const;

export function register(program: Command, run: CommandRunner): void {
  const command = program.commands.find((candidate) => candidate.name() === 'explain') as Command;
  command
    .argument('<view|code>', 'a view, such as airport_delays_v1, or the code of a message, such as FSC3010')
    .action(async (name: string) => {
      await run(command, (io, flags) =>
        /^fsc/i.test(name) && /\d/.test(name) && !/_v\d+$/.test(name)
          ? explainCode(io, flags, name)
          : explainView(io, flags, name),
      );
    });
}

async function explainCode(io: Io, flags: GlobalFlags, name: string): Promise<ExitStatus> {
  const pages = diagnosticPages();
  const page = pages.get(name.toUpperCase());
  if (page === undefined) throw unknownCode(name, [...pages.keys()]);
  await writeOut(io.stdout, flags.format === 'json' ? `${JSON.stringify(pageJson(page))}\n` : page.text);
  return 0;
}

function pageJson({ code, title, cause, help, wrong, right }: DiagnosticPage): Record<string, string | null> {
  return { code, title, cause, help, wrong, right, docs: `docs/diagnostics/${code}.md` };
}

function unknownCode(name: string, codes: readonly string[]): FscError {
  const code = name.toUpperCase();
  const stage = code.slice(0, 5);
  const near = suggest(code, codes) ?? codes.find((candidate) => candidate.startsWith(stage)) ?? null;
  return new FscError(
    'FSC7018',
    2,
    `there is no code \`${name}\``,
    'codes are FSC and four digits, as messages show them',
    near === null ? 'see docs/diagnostics/README.md' : `did you mean \`${near}\`? docs/diagnostics/README.md lists all`,
  );
}

async function explainView(io: Io, flags: GlobalFlags, name: string): Promise<ExitStatus> {
  const features = readFeatureFiles(loadProject(io, flags).root);
  const { plan: compiled } = await compile(io, flags, features, {}, io.stderr);
  if (compiled === null) return 1;
  const view = compiled.views.find((candidate) => candidate.spec.name === name);
  if (view === undefined) throw unknownView(name, compiled.views);
  const files = emitProject(compiled);
  const words = viewWords(view, stateBytesOf(loadProgram(files), name));
  const sql = DIALECTS.map(([folder, label]) => {
    const path = `${folder}/${name}.sql`;
    return { folder, label, path: `generated/${path}`, text: files.get(path) ?? '' };
  });
  if (flags.format === 'json') {
    const texts = Object.fromEntries(sql.map(({ folder, text }) => [folder, text]));
    await writeOut(io.stdout, `${JSON.stringify({ ...words, sql: texts })}\n`);
    return 0;
  }
  const parts = [heading(words), ...stages(words), stateText(words), agreementText(words)];
  for (const { label, path, text } of sql) parts.push(`${label} (${path})\n${indented(text.trimEnd().split('\n'))}`);
  await writeOut(io.stdout, `${parts.join('\n\n')}\n`);
  return 0;
}

function unknownView(name: string, views: readonly ViewPlan[]): FscError {
  const names = views.map((candidate) => candidate.spec.name);
  return noSuchView(name, names, { code: 'FSC7018', help: 'name a view, version included, or a code such as FSC3010' });
}

function heading(words: ViewWords): string {
  const lines = [`${words.view}: ${words.summary}`];
  if (words.description !== null) lines.push(plainText(words.description));
  const owner = words.owner === null ? '' : `, owner ${plainText(words.owner)}`;
  lines.push(`${words.file}${owner}, ${words.fingerprint}`);
  return lines.join('\n');
}

function stages(words: ViewWords): readonly string[] {
  return words.shape === 'request'
    ? [joinText(words), projectText('2  project', words)]
    : [enrichText(words), slotText(words), projectText('3  project', words)];
}

function enrichText({ source, enrich, entity }: ViewWords): string {
  const lines: string[] = [];
  if (enrich.where !== null) lines.push(`takes a record where ${enrich.where}`);
  if (enrich.window !== null) lines.push(`counts it while ${enrich.window}`);
  const keys = entity.map(({ name, type }, i) => {
    const from = enrich.entity[i] === name ? '' : ` = ${enrich.entity[i]}`;
    return `${name} ${type}${from}`;
  });
  lines.push(`entity: ${keys.join(', ')}`);
  return `1  enrich, each accepted record of ${source}\n${indented(lines)}`;
}

function joinText({ source, joins }: ViewWords): string {
  const lines = joins.map(
    ({ view, inner, on }) => `${inner ? 'must have' : 'may have'} a row of ${view}: ${on.join(', ')}`,
  );
  return `1  enrich, each ${source}\n${indented(lines.length === 0 ? ['joins nothing'] : lines)}`;
}

function slotText({ aggregate, shape, entity }: ViewWords): string {
  const names = entity.map(({ name }) => name).join(', ');
  const what = shape === 'rows' ? `the latest row of each ${names}` : `each ${names}`;
  if (aggregate.length === 0) return `2  aggregate, ${what}\n${indented(['nothing but the row itself'])}`;
  return `2  aggregate, ${what}\n${indented(columnsOf(aggregate.map(slotLine)))}`;
}

function slotLine({ slot, what, window, where, type }: SlotWords): readonly string[] {
  const when = window === null ? '' : `over ${window}`;
  return [`s${slot}`, what, type, where === null ? when : `${when}, where ${where}`];
}

function projectText(title: string, { project, filter }: ViewWords): string {
  const lines = [...columnsOf(project.map(outputLine))];
  if (filter !== null) lines.push(`only where ${filter}`);
  return `${title}, at each lookup\n${indented(lines)}`;
}

function outputLine({ name, type, agreement, expression, slot, slots }: OutputWords): readonly string[] {
  const from = slots.length === 0 ? '' : `  (${slots.map((index) => `s${index}`).join(', ')})`;
  // A slot was told above.
  return [name, type, agreement ?? 'entity', slot === null ? `${expression}${from}` : `s${slot}`];
}

function stateText({ state, stateBytes }: ViewWords): string {
  return `State kept for each entity\n${indented(stateBytes === null ? state : [...state, bytesText(stateBytes)])}`;
}

function bytesText({ event, entity, sharedWith }: StateBytes): string {
  const others = sharedWith.length > 2 ? [`${sharedWith.length} other views`] : sharedWith;
  const shared = others.length === 0 ? '' : `, shared with ${others.join(' and ')}`;
  return `${counted(entity, 'byte')} an entity beside the text of its key, ${counted(event, 'byte')} a kept event${shared}`;
}

const AGREEMENT = {
  exact: 'equal in every machine',
  double: 'sums within 1e-9 of the sum of absolute values, averages and functions of doubles within a few ulp',
} as const;

function agreementText({ project }: ViewWords): string {
  const lines = (['exact', 'double'] as const).flatMap((agreement) => {
    const names = project.filter((output) => output.agreement === agreement).map(({ name }) => name);
    return names.length === 0 ? [] : [`${agreement} (${AGREEMENT[agreement]}): ${names.join(', ')}`];
  });
  return `Agreement\n${indented(lines)}`;
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => (line === '' ? '' : `   ${line}`)).join('\n');
}

/** The files of a source's history, as the model knows them and as they stand on the disk. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { folderOf } from './declaration.ts';
import { csvLine, csvText, type FileKind, jsonLine, type Rec, SQL_COLUMNS, sqlRow } from './records.ts';
import type { SourceWorld } from './source-world.ts';
import { LifeError, type Stage } from './stage.ts';

export async function growFile(
  stage: Stage,
  source: SourceWorld,
  grown: readonly Rec[],
  isNewFile: boolean,
): Promise<void> {
  const { files } = source.inputs;
  if (files === null || !source.mayGrow) return;
  const records = source.isSorted && files === 'jsonl' ? grown.map(withTime) : grown;
  const last = source.files.at(-1);
  if (last === undefined || isNewFile || files === 'parquet') {
    const name = `${folderOf(source.name)}/${String(source.files.length + 1).padStart(3, '0')}.${files}`;
    source.files.push({ name, records });
    await writeFile(stage, files, name, records);
  } else if (records.length > 0) {
    source.files[source.files.length - 1] = { name: last.name, records: [...last.records, ...records] };
    const lines = records.map((rec) => `${files === 'csv' ? csvLine(rec) : jsonLine(rec)}\n`).join('');
    appendFileSync(join(stage.root, last.name), lines);
    stage.tell(`$ cat >> ${last.name} <<'END'\n${lines}END`);
  }
}

/** What is no JSON has none, and no place among records that are sorted. */
function withTime(rec: Rec): Rec {
  return rec.flaw === 'json' ? { ...rec, flaw: 'none' } : rec;
}

async function writeFile(stage: Stage, files: FileKind, name: string, records: readonly Rec[]): Promise<void> {
  if (files === 'jsonl') stage.put(name, records.map((rec) => `${jsonLine(rec)}\n`).join(''));
  else if (files === 'csv') stage.put(name, csvText(records));
  else {
    mkdirSync(dirname(join(stage.root, name)), { recursive: true });
    await stage.referee.writeParquet(join(stage.root, name), SQL_COLUMNS, records.map(sqlRow));
    stage.tell(`# ${name} holds:\n${records.map(jsonLine).join('\n')}`);
  }
}

/** A file that was consumed is cut, and put back: the run between is refused and touches nothing. */
export async function spoil(stage: Stage): Promise<void> {
  const { world } = stage;
  const { active } = world;
  if (world.isUnsure || active.some((source) => source.isWithoutFile || source.due(false).length > 0)) return;
  const texts = active.filter(({ inputs }) => inputs.files !== 'parquet');
  const last = texts.flatMap(({ saved }) => saved?.files.at(-1) ?? []).at(-1);
  if (last === undefined || last.records.length === 0) return;
  const file = join(stage.root, last.name);
  const before = readFileSync(file);
  const state = await stage.everyRow();
  writeFileSync(file, before.subarray(0, before.length - 12));
  const result = await stage.fsc(['run', '--mode', 'stream']);
  writeFileSync(file, before);
  if (result.code !== 1 || !/FSC7104/.test(result.err))
    throw new LifeError(`a run over a shortened ${last.name} is to be refused`);
  if ((await stage.everyRow()) !== state) throw new LifeError('a run that was refused changed rows');
}

/** Tells of columns that the files of a source don't have, once a command and source: a misspelt name would be NULL for ever in silence. */
import { suggest } from '../compiler/diagnostics/suggest.ts';
import { type Absent, type AbsentColumn, absentColumns } from '../runtime/sources/absent-columns.ts';
import { counted } from '../runtime/values/counted.ts';
import { FscError } from '../runtime/values/errors.ts';
import { type GlobalFlags, type Io, say } from './io.ts';
import type { ProjectSources, SourceLocations } from './locations.ts';
import { plainText } from './result-rows.ts';
import { ToldOnce } from './told-once.ts';

const told = new ToldOnce();

export async function tellAbsentColumns(
  io: Io,
  flags: GlobalFlags,
  { project, program }: ProjectSources,
  locations: ReadonlyMap<string, SourceLocations>,
  name: string,
): Promise<void> {
  const spec = program.sources.find((source) => source.spec.name === name)?.spec;
  const at = locations.get(name);
  if (spec === undefined || at === undefined || flags.quiet || !told.isFirst(io, name)) return;
  for (const location of [at.history?.location, at.stream]) {
    if (location === undefined || location === null) continue;
    const { columns, headers } = await absentOrNone(() => absentColumns(spec, location, project.root));
    for (const { fault, files } of headers)
      say(
        io,
        flags,
        `warning: ${filesText(files)} cannot be read: ${fault}\nhelp: write the file anew as CSV with commas`,
      );
    for (const column of columns) say(io, flags, absentText(column));
  }
}

/** Files that can't be read are told of by whoever reads their records. */
async function absentOrNone(find: () => Promise<Absent>): Promise<Absent> {
  try {
    return await find();
  } catch (error) {
    if (error instanceof FscError) return { columns: [], headers: [] };
    throw error;
  }
}

function absentText({ name, nullable, field, files, unread }: AbsentColumn): string {
  const [has, its] = files.length === 1 ? ['has', 'its'] : ['have', 'their'];
  const isRenamed = field !== name;
  const column = isRenamed ? `\`${plainText(field)}\` for \`${name}\`` : `\`${name}\``;
  const what = nullable ? `NULL in all ${its} records` : `NOT NULL: all ${its} records are malformed`;
  const text = `${filesText(files)} ${has} no column ${column}${isRenamed ? ', which' : '; it'} is ${what}`;
  return `warning: ${text}\nhelp: ${pathHelp(field, files) ?? helpFor(name, field, unread)}`;
}

function filesText([file = '', ...more]: readonly string[]): string {
  return more.length === 0 ? plainText(file) : `${plainText(file)} and ${counted(more.length, 'more file')}`;
}

/** Of files partitioned as Hive does it; null: the first of them is not, by this column. */
function pathHelp(field: string, [file = '']: readonly string[]): string | null {
  const folder = file.split('/').find((part) => part.startsWith(`${field}=`));
  if (folder === undefined) return null;
  return `only its path tells it (\`${plainText(folder)}\`), which is not read: write the column into the files too`;
}

function helpFor(name: string, field: string, unread: readonly string[]): string {
  const meant = suggest(field, unread);
  if (meant === null)
    return `if it has another name there, write -- @from ${name} NAME; a DEFAULT says what stands for it`;
  const rename = `did you mean \`${plainText(meant)}\`? rename it`;
  return /^[\w.]+$/.test(meant) ? `${rename}, or write -- @from ${name} ${meant}` : rename;
}

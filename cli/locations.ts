/** Where a command reads each source: fsc.json, or `--source NAME=LOCATION` in its place (rules.md 1). */
import { type Command, Option } from 'commander';
import { FscError } from '../runtime/values/errors.ts';
import type { HistoryConfig } from './project.ts';
import type { Workspace } from './workspace.ts';

/** What locations are looked up in: a compiled project, with or without its plan. */
export type ProjectSources = Pick<Workspace, 'project' | 'program'>;

export interface SourceLocations {
  readonly history: HistoryConfig | null;
  /** As in fsc.json: a path, a glob, or `-`. With --source this is the location, and there is no history. */
  readonly stream: string | null;
  /** rules.md 7: history before, stream from then on. */
  readonly cutMicros: number | null;
  /** The history is declared complete up to here; null: it says nothing. */
  readonly completeToMicros: number | null;
  /** By --source: nothing is backfilled, and offline commands leave the archive out. */
  readonly isOverridden: boolean;
}

export function addSourceOption(command: Command): Command {
  const option = new Option('--source <name=location>', 'read a source from here instead (repeatable)');
  return command.addOption(
    option.argParser((text: string, seen: readonly string[] | undefined) => [...(seen ?? []), text]),
  );
}

/** By source name; sources for which nothing is said are there too, with neither history nor stream. */
export function locationsOf(
  workspace: ProjectSources,
  overrides: readonly string[] | undefined,
): ReadonlyMap<string, SourceLocations> {
  const given = readOverrides(workspace, overrides ?? []);
  const out = new Map<string, SourceLocations>();
  for (const { spec } of workspace.program.sources) {
    if (spec.kind !== 'log') continue;
    const stream = given.get(spec.name);
    const configured = workspace.project.config.sources.get(spec.name);
    if (stream !== undefined) {
      out.set(spec.name, { history: null, stream, cutMicros: null, completeToMicros: null, isOverridden: true });
      continue;
    }
    out.set(spec.name, {
      history: configured?.history ?? null,
      stream: configured?.stream ?? null,
      cutMicros: configured?.cutMicros ?? null,
      completeToMicros: configured?.history?.completeToMicros ?? null,
      isOverridden: false,
    });
  }
  return out;
}

function readOverrides(workspace: ProjectSources, overrides: readonly string[]): ReadonlyMap<string, string> {
  const out = new Map<string, string>();
  for (const text of overrides) {
    const at = text.indexOf('=');
    const name = text.slice(0, at);
    if (at <= 0 || at === text.length - 1) {
      throw new FscError(
        'FSC7001',
        2,
        `--source ${text} is no NAME=LOCATION`,
        null,
        'write --source flights=data.jsonl',
      );
    }
    const names = workspace.program.sources.filter(({ spec }) => spec.kind === 'log').map(({ spec }) => spec.name);
    if (!names.includes(name)) {
      throw new FscError(
        'FSC7001',
        2,
        `--source names \`${name}\`, which is no log source of the project`,
        names.length === 0 ? 'the project has none' : `the project has ${names.join(', ')}`,
        null,
      );
    }
    if (out.has(name)) throw new FscError('FSC7001', 2, `--source names \`${name}\` twice`, null, 'name it once');
    out.set(name, text.slice(at + 1));
  }
  return out;
}

/** For commands that need records: the source must have some. */
export function needRecords(name: string, locations: SourceLocations | undefined): SourceLocations {
  if (locations !== undefined && (locations.history !== null || locations.stream !== null)) return locations;
  throw new FscError(
    'FSC7009',
    2,
    `source \`${name}\` has no data`,
    'fsc.json names no history and no stream for it',
    `add "sources": { "${name}": { "history": "data/${name}.parquet" } } to fsc.json, or give --source ${name}=LOCATION`,
  );
}

/**
 * Which files make a project: `features/sources/<name>.sql` and `features/<view>/v<N>.sql`. A pure function over a map of paths, so that tests
 * compile in memory; `discoverProject` fills the map from disk. Folders named `tests` hold what stands beside features and are not read.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostic, DiagnosticSink, SourceText } from '../diagnostics/diagnostic.ts';
import { decodeSource, MAX_SOURCE_BYTES } from './source-text.ts';

export interface ViewSource {
  /** Without the version: `airport_delays`. */
  readonly name: string;
  readonly version: number;
  readonly file: SourceText;
}

export interface Discovered {
  /** In code-point order of their paths. */
  readonly sources: readonly SourceText[];
  /** By name, then by version. */
  readonly views: readonly ViewSource[];
  /** Files that are there and told to be unfit: who names them must not be told that there are none. */
  readonly unfit: Unfit;
  readonly diagnostics: readonly Diagnostic[];
}

export interface Unfit {
  readonly hasSources: boolean;
  /** With their versions. */
  readonly views: readonly string[];
}

/** The longest name both databases keep whole: Postgres cuts after 63 bytes, and `_v<N>` is added. */
const MAX_NAME = 50;
const NAME = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/;
const RESERVED_NAME = /_v\d+$/;
const VERSION_FILE = /^v([1-9]\d{0,5})\.sql$/;

/** `project` is a folder, or the files themselves by their paths relative to the project (forward slashes). */
export function discoverProject(project: string | ReadonlyMap<string, string | Uint8Array>): Discovered {
  return discoverFiles(typeof project === 'string' ? readFeatureTree(project) : project);
}

export function discoverFiles(files: ReadonlyMap<string, string | Uint8Array>): Discovered {
  const diagnostics: Diagnostic[] = [];
  const sink: DiagnosticSink = { report: (diagnostic) => void diagnostics.push(diagnostic) };
  const sources: SourceText[] = [];
  const views: ViewSource[] = [];
  const unfitViews: string[] = [];
  let hasUnfitSources = false;
  for (const path of [...files.keys()].sort(byCodePoint)) {
    const parts = path.split('/');
    if (parts[0] !== 'features' || parts.slice(1, -1).includes('tests') || !path.toLowerCase().endsWith('.sql'))
      continue;
    const place = placeOf(path, parts, sink);
    const file = place === null ? null : decodeSource(path, files.get(path)!, sink);
    if (place === null || file === null) {
      hasUnfitSources ||= parts[1] === 'sources';
      if (place !== null && place.version !== null) unfitViews.push(`${place.name}_v${place.version}`);
    } else if (place.version === null) sources.push(file);
    else views.push({ name: place.name, version: place.version, file });
  }
  views.sort((a, b) => byCodePoint(a.name, b.name) || a.version - b.version);
  return { sources, views, unfit: { hasSources: hasUnfitSources, views: unfitViews }, diagnostics };
}

/** The name that the path declares; its file must hold a table of that name. */
export function sourceNameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1, -'.sql'.length);
}

interface Place {
  readonly name: string;
  /** Null for a source. */
  readonly version: number | null;
}

function placeOf(path: string, parts: readonly string[], sink: DiagnosticSink): Place | null {
  const [, folder = '', fileName = ''] = parts;
  if (parts.length !== 3) return misplaced(path, sink);
  return folder === 'sources' ? sourcePlace(path, fileName, sink) : viewPlace(path, folder, fileName, sink);
}

function sourcePlace(path: string, fileName: string, sink: DiagnosticSink): Place | null {
  const name = fileName.slice(0, -'.sql'.length);
  if (!fileName.endsWith('.sql') || !isName(name)) return badName(path, 'source', name, sink);
  if (RESERVED_NAME.test(name)) {
    report(sink, 'FSC1047', path, `source name \`${name}\` ends like a version of a view`, {
      cause: 'views are named `<view>_v<N>`, so these names are theirs',
      help: 'take a name that does not end in `_v` and a number',
    });
    return null;
  }
  return { name, version: null };
}

function viewPlace(path: string, folder: string, fileName: string, sink: DiagnosticSink): Place | null {
  if (!isName(folder)) return badName(path, 'view', folder, sink);
  if (RESERVED_NAME.test(folder)) {
    report(sink, 'FSC1047', path, `view name \`${folder}\` ends like a version`, {
      cause: 'the version is the name of the file, and `_v<N>` is added by fsc',
      help: 'name the folder without the version',
    });
    return null;
  }
  const version = VERSION_FILE.exec(fileName)?.[1];
  if (version !== undefined) return { name: folder, version: Number(version) };
  report(sink, 'FSC1046', path, `\`${printable(fileName)}\` is no version of the view \`${folder}\``, {
    cause: 'a version of a view is a file `v<N>.sql`, N = 1, 2, 3 … without leading zeros',
    help: 'rename it to `v1.sql` or the next free number, or move it out of features/',
  });
  return null;
}

function isName(name: string): boolean {
  return name.length <= MAX_NAME && NAME.test(name);
}

function badName(path: string, what: string, name: string, sink: DiagnosticSink): null {
  report(sink, 'FSC1045', path, `\`${printable(name)}\` is no name for a ${what}`, {
    cause: `a name is lower_snake_case: letters a to z, digits, single \`_\` between them, a letter first, at most ${MAX_NAME}; it stands unquoted in SQL, paths and code`,
    help: `rename the ${what === 'source' ? 'file' : 'folder'}`,
  });
  return null;
}

function misplaced(path: string, sink: DiagnosticSink): null {
  report(sink, 'FSC1044', path, 'file stands where none is read', {
    cause:
      'sources are `features/sources/<name>.sql`, views `features/<view>/v<N>.sql`, and nothing is read deeper or higher',
    help: 'move it to one of these places, or out of features/',
  });
  return null;
}

/** Faults of a path have no place in the text. */
function report(
  sink: DiagnosticSink,
  code: string,
  path: string,
  message: string,
  parts: { readonly cause: string; readonly help: string },
): void {
  sink.report({
    code,
    severity: 'error',
    message,
    file: { path, text: '' },
    primary: { span: { start: 0, end: 0 }, text: '' },
    secondary: [],
    cause: parts.cause,
    help: [{ text: parts.help, applicability: 'review', edits: [] }],
  });
}

/** A path may hold anything that a file system takes; a message holds one line. */
function printable(text: string): string {
  const clean = text.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '?').replaceAll('`', '?');
  return clean.length > 60 ? `${clean.slice(0, 59)}…` : clean;
}

/** UTF-16 order would put an emoji before U+FFxx. */
function byCodePoint(a: string, b: string): number {
  const left = Array.from(a);
  const right = Array.from(b);
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const difference = left[at]!.codePointAt(0)! - right[at]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Every `.sql` file under features/. What cannot be read is the caller's to tell: the error goes through. */
function readFeatureTree(root: string): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const walk = (relative: string): void => {
    for (const entry of readdirSync(join(root, relative), { withFileTypes: true })) {
      const path = `${relative}/${entry.name}`;
      if (entry.isDirectory()) {
        if (entry.name !== 'tests') walk(path);
      } else if (entry.name.toLowerCase().endsWith('.sql')) files.set(path, readBounded(join(root, path)));
    }
  };
  walk('features');
  return files;
}

function readBounded(path: string): Uint8Array {
  // One byte over the limit is enough to be refused; the rest is never read.
  return statSync(path).size > MAX_SOURCE_BYTES ? new Uint8Array(MAX_SOURCE_BYTES + 1) : readFileSync(path);
}

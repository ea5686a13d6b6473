/** Where a life is led: a project on the disk, the command line, and the transcript of what was done. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { type CliResult, cli } from '../cli/in-process.ts';
import { Random } from '../generators/random.ts';
import { configText, sourcePath, sourceText, viewName, viewPath, viewText } from './declaration.ts';
import type { ProjectWorld } from './project-world.ts';
import type { Referee } from './referee.ts';
import { REQUEST_SOURCE, requestSourceText, requestText } from './request.ts';

export class LifeError extends Error {}

export interface FscOptions {
  readonly stdin?: string | Readable;
  readonly signal?: AbortSignal;
  readonly cwd?: string;
}

export class Stage {
  readonly transcript: string[] = [];
  readonly world: ProjectWorld;
  readonly referee: Referee;
  readonly random: Random;
  readonly folder = mkdtempSync(join(tmpdir(), 'fsc life '));
  /** `generated/` is up to date; null: a run that was stopped may have come to it. */
  isCompiled: boolean | null = false;
  /** Seconds of the clock that no run stands across. */
  readonly marks: number[] = [];
  readonly #isThorough: boolean;
  /** Files that stand on the disk, by their paths. */
  readonly #written = new Set<string>();
  #copies = 0;

  constructor(seed: number, world: ProjectWorld, referee: Referee, isThorough: boolean) {
    this.world = world;
    this.referee = referee;
    this.random = new Random(seed + 7);
    this.#isThorough = isThorough;
    mkdirSync(this.root);
  }

  get root(): string {
    return join(this.folder, 'project');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Beside the project. */
  newFolder(name: string): string {
    this.#copies += 1;
    return join(this.folder, `${name}-${this.#copies}`);
  }

  /** With thorough checks nothing is left to it. */
  chance(p: number): boolean {
    return this.random.chance(p) || this.#isThorough;
  }

  tell(line: string): void {
    this.transcript.push(line);
  }

  put(path: string, text: string): void {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    this.#written.add(path);
    this.tell(`$ cat > ${path} <<'END'\n${text}END`);
  }

  /** Declarations and views as the model has them, and where the sources are. */
  putFeatures(): void {
    const { views, present, requests, wholeRequests } = this.world;
    const wanted = new Map([
      ...present.map((source) => [sourcePath(source.name), sourceText(source.name, source.declared)] as const),
      ...(requests.length === 0 ? [] : [[sourcePath(REQUEST_SOURCE), requestSourceText()] as const]),
      ...wholeRequests.map((one) => [viewPath(one), requestText(one, this.world.joinedBy(one))] as const),
      ...views.map((view) => [viewPath(view), viewText(view, this.world.of(view).declared)] as const),
    ]);
    const plugged = present.filter(({ isPlugged }) => isPlugged);
    for (const path of [...this.#written]) if (path.startsWith('features/') && !wanted.has(path)) this.#take(path);
    for (const [path, text] of wanted) if (this.#putIfOther(path, text)) this.isCompiled = false;
    this.#putIfOther('fsc.json', configText(new Map(plugged.map(({ name, inputs }) => [name, inputs]))));
  }

  #putIfOther(path: string, text: string): boolean {
    const file = join(this.root, path);
    if (existsSync(file) && readFileSync(file, 'utf8') === text) return false;
    this.put(path, text);
    return true;
  }

  #take(path: string): void {
    rmSync(join(this.root, path));
    this.#written.delete(path);
    this.isCompiled = false;
    this.tell(`$ rm ${path}`);
  }

  async fsc(args: readonly string[], options: FscOptions = {}): Promise<CliResult> {
    const shown = args.map((arg) => (/[^\w.:=/-]/.test(arg) ? `'${arg}'` : arg)).join(' ');
    const sent = typeof options.stdin === 'string' && options.stdin !== '' ? ` <<'END'\n${options.stdin}END` : '';
    this.tell(`$ fsc ${shown}${sent}`);
    const result = await cli(args, { cwd: this.root, ...options });
    // Every command that reads the views does so first.
    const compiles = args[0] !== 'quarantine' && !args.includes('--frozen') && options.cwd === undefined;
    if (compiles && options.signal === undefined) this.isCompiled = true;
    if (result.code !== 0) this.tell(`${result.err.trimEnd()}\n(exit ${result.code})`);
    if (result.code === 70) throw new LifeError(`a crash of fsc ${args[0]}: ${result.err}`);
    return result;
  }

  async mark(): Promise<void> {
    this.marks.push((Date.now() + 2) / 1000);
    await new Promise((resolve) => setTimeout(resolve, 4));
  }

  async everyRow(): Promise<string> {
    const all: string[] = [];
    for (const view of this.world.views)
      all.push((await this.fsc(['get', viewName(view), '--all', '--format', 'json'])).out);
    return all.join('\n');
  }
}

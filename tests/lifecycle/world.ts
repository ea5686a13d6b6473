/** What the model knows of a project: its files, what runs have consumed, and what every command must say of it. */
import { type Declaration, type Inputs, isSameDeclaration, type View, viewName, viewText } from './declaration.ts';
import {
  type Counts,
  countsOf,
  identityOf,
  inSortedOrder,
  isRefused,
  Judge,
  type Judged,
  type Medium,
} from './judge.ts';
import { type Rec, timeOf } from './records.ts';

export interface HistoryFile {
  readonly name: string;
  readonly records: readonly Rec[];
}

/** What a run must do: fill the state, or refuse with one of these codes and touch nothing. */
export type Due =
  | { readonly kind: 'done'; readonly counts: Counts | null }
  | { readonly kind: 'refused'; readonly exit: number; readonly codes: readonly string[] };

/** A refused record that the quarantine tells. */
export interface Kept extends Judged {
  readonly isOfStdin: boolean;
  /** What it is asked for by, to be tried again. */
  readonly place: string;
}

export type KeptState = 'kept' | 'waiting' | 'retried';

interface Saved {
  readonly declared: Declaration;
  /** Of the history, in the order in which it was read. */
  readonly history: readonly Judged[];
  readonly files: readonly HistoryFile[];
  /** Of stdin, retried ones too. */
  readonly stdin: readonly Judged[];
  readonly judge: Judge;
  /** By view: the text that its rows were made by, and under which declaration. */
  readonly views: ReadonlyMap<string, string>;
}

export class World {
  readonly inputs: Inputs;
  declared: Declaration;
  views: View[] = [];
  files: HistoryFile[] = [];
  saved: Saved | null = null;
  kept: readonly Kept[] = [];
  /** By place. */
  readonly #asked = new Map<string, KeptState>();
  /** To be tried again by the next run, in the order in which they were asked for. */
  #waiting: Rec[] = [];
  #askedFor = 0;
  /** A run was stopped before its end: what it has committed is told by the next. */
  isPending = false;
  /** Of stdin, taken in by a run that was cut off, and to be judged by the next. */
  #unjudged: readonly Rec[] = [];

  constructor(inputs: Inputs, declared: Declaration) {
    this.inputs = inputs;
    this.declared = declared;
  }

  get medium(): Medium {
    return this.inputs.files ?? 'stdin';
  }

  get isSorted(): boolean {
    return this.medium === 'csv' || this.medium === 'parquet';
  }

  get historyRecords(): readonly Rec[] {
    return ordered(this.files, this.isSorted);
  }

  /** Verdicts on the files alone, from their beginning, by the declaration as it is. */
  #judgedHistory(judge: Judge): Judged[] {
    return this.historyRecords.map((rec) => ({ rec, verdict: judge.judge(rec, this.declared, this.medium) }));
  }

  #change(): 'none' | 'verdicts' | 'columns' {
    const before = this.saved?.declared;
    if (before === undefined || isSameDeclaration(before, this.declared)) return 'none';
    return before.hasExtra === this.declared.hasExtra ? 'verdicts' : 'columns';
  }

  get isChanged(): boolean {
    return this.#change() !== 'none';
  }

  /** Something of stdin was consumed, under columns that are others by now. */
  get isRedeclared(): boolean {
    const { saved } = this;
    if (saved === null || !this.inputs.hasStdin) return false;
    return saved.stdin.length + saved.history.length > 0 && this.#change() === 'columns';
  }

  /** Offline commands refuse where the archive has records of other columns. */
  get isRedeclaredOffline(): boolean {
    return this.isRedeclared && (this.saved?.stdin.length ?? 0) > 0;
  }

  /** What was consumed of the files is not what stands there. */
  get isHistoryChanged(): boolean {
    const { saved } = this;
    if (saved === null || saved.files.length === 0) return false;
    if (this.inputs.hasStdin) return JSON.stringify(saved.files) !== JSON.stringify(this.files);
    return this.isSorted ? this.#hasEarlier(saved) : !this.#goesOn(saved);
  }

  /** JSONL: only the last file that was consumed is longer, and new ones follow. */
  #goesOn(saved: Saved): boolean {
    return saved.files.every((file, i) => {
      const now = this.files[i];
      if (now?.name !== file.name) return false;
      const isLast = i === saved.files.length - 1;
      const same = now.records.slice(0, file.records.length);
      return (
        JSON.stringify(same) === JSON.stringify(file.records) && (isLast || now.records.length === file.records.length)
      );
    });
  }

  #hasEarlier(saved: Saved): boolean {
    const before = new Map(saved.files.map(({ name, records }) => [name, JSON.stringify(records)]));
    const last = saved.history.at(-1);
    return this.files.some(({ name, records }) => {
      const text = before.get(name);
      if (text !== undefined) return text !== JSON.stringify(records);
      return last !== undefined && records.some((rec) => timeOf(rec) <= timeOf(last.rec));
    });
  }

  due(isRebuilt: boolean): Due {
    if (isRebuilt) return { kind: 'done', counts: null };
    const isAnew = !this.inputs.hasStdin && this.#change() !== 'none';
    const codes: string[] = [];
    if (this.isRedeclared) codes.push('FSC7302');
    if (!isAnew && this.isHistoryChanged) codes.push('FSC7104', 'FSC7303');
    if (codes.length === 0) return { kind: 'done', counts: null };
    return { kind: 'refused', exit: codes[0] === 'FSC7302' ? 2 : 1, codes };
  }

  /** A run that came to its end. Gives what it must have counted; null where one before it was cut off. */
  runs(sent: readonly Rec[], isRebuilt: boolean): Counts | null {
    const counts = this.inputs.hasStdin ? this.#runsOverStdin(sent, isRebuilt) : this.#runsOverFiles(isRebuilt);
    const isTold = !this.isPending;
    this.isPending = false;
    this.#unjudged = [];
    return isTold ? counts : null;
  }

  #runsOverFiles(isRebuilt: boolean): Counts {
    const { saved } = this;
    if (saved === null || isRebuilt || this.#change() !== 'none') {
      const judge = new Judge();
      const history = this.#judgedHistory(judge);
      // Files are judged alone: nothing of them was tried again.
      this.#asked.clear();
      this.#waiting = [];
      this.kept = keptOf(history, 'file', 0);
      this.#save(history, [], judge);
      return countsOf(history);
    }
    const judge = saved.judge.copy();
    const place = this.#askedFor - this.#waiting.length;
    const retried = this.#retry(judge);
    const fresh = this.historyRecords
      .slice(saved.history.length)
      .map((rec) => ({ rec, verdict: judge.judge(rec, this.declared, this.medium) }));
    this.#keep(keptOf(retried, 'retried', place), keptOf(fresh, 'file', saved.history.length));
    this.#save([...saved.history, ...fresh], [], judge);
    return countsOf([...retried, ...fresh]);
  }

  /** What was refused and waits goes in as new, before anything else that is new. */
  #retry(judge: Judge): Judged[] {
    for (const [place, state] of this.#asked) if (state === 'waiting') this.#asked.set(place, 'retried');
    const judged = this.#waiting.map((rec) => ({ rec, verdict: judge.judge(rec, this.declared, 'stdin') }));
    this.#waiting = [];
    return judged;
  }

  #keep(...more: readonly (readonly Kept[])[]): void {
    this.kept = [...this.kept, ...more.flat()];
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  stateOf({ place }: Kept): KeptState {
    return this.#asked.get(place) ?? 'kept';
  }

  /** Of those with the verdict; null: of all. */
  canBeAskedFor(verdict: string | null): readonly string[] {
    const found = this.kept.filter(
      (one) => this.stateOf(one) === 'kept' && (verdict === null || one.verdict === verdict),
    );
    return found.map(({ place }) => place);
  }

  asksAgain(places: readonly string[]): void {
    for (const place of places) {
      this.#asked.set(place, 'waiting');
      this.#waiting.push(this.kept.find((one) => one.place === place)!.rec);
      this.#askedFor += 1;
    }
  }

  /** Of the record that the quarantine calls so. */
  placeOf(id: string): string {
    const name = id.slice(0, id.lastIndexOf(':'));
    const offset = Number(id.slice(name.length + 1));
    if (name === '-') return `stdin:${offset}`;
    if (name === 'retries') return `retried:${offset}`;
    const before = this.isSorted ? [] : this.files.filter((file) => file.name < name);
    return `file:${before.reduce((sum, { records }) => sum + records.length, offset)}`;
  }

  #runsOverStdin(sent: readonly Rec[], isRebuilt: boolean): Counts {
    const { saved } = this;
    const isAnew = saved === null || isRebuilt || saved.history.length + saved.stdin.length === 0;
    if (isAnew || (this.#change() === 'verdicts' && saved.history.length > 0)) return this.#runsAnew(sent, isAnew);
    const judge = saved.judge.copy();
    const fresh = [...this.#retry(judge), ...this.#judgeSent(sent, judge)];
    this.#keep(keptOf(fresh, 'stdin', saved.stdin.length));
    this.#save(saved.history, [...saved.stdin, ...fresh], judge);
    return countsOf(fresh);
  }

  /**
   * The history is judged by the declaration as it is, what came by stdin keeps its verdict (rules.md 8), except that an identity counts once.
   * `isWhole`: what came by stdin is counted again, too.
   */
  #runsAnew(sent: readonly Rec[], isWhole: boolean): Counts {
    const stored = this.saved?.stdin ?? [];
    const judge = new Judge();
    const history = this.#judgedHistory(judge);
    if (history.length > 0) judge.handOff();
    const again = stored.map((one) => this.#storedAgain(one, judge));
    if (!isWhole && this.saved !== null) judge.settle(this.saved.judge);
    const fresh = [...this.#retry(judge), ...this.#judgeSent(sent, judge)];
    this.kept = [...keptOf(history, 'file', 0), ...keptOf([...again, ...fresh], 'stdin', 0)];
    this.#save(history, [...again, ...fresh], judge);
    return countsOf([...history, ...(isWhole ? again : []), ...fresh]);
  }

  #storedAgain(one: Judged, judge: Judge): Judged {
    if (one.verdict !== 'accepted') return one;
    // What was accepted stays so where it fits the columns.
    if (one.rec.flaw === 'extra' && this.declared.hasExtra) return { ...one, verdict: 'malformed' };
    const isDouble = judge.accepted.has(identityOf(one.rec));
    if (!isDouble) judge.take(one.rec, this.declared, 'stdin');
    return isDouble ? { ...one, verdict: 'duplicate' } : one;
  }

  #judgeSent(sent: readonly Rec[], judge: Judge): Judged[] {
    return [...this.#unjudged, ...sent].map((rec) => ({ rec, verdict: judge.judge(rec, this.declared, 'stdin') }));
  }

  #save(history: readonly Judged[], stdin: readonly Judged[], judge: Judge): void {
    const views = new Map(this.views.map((view) => [viewName(view), this.meaningOf(view)]));
    this.saved = { declared: this.declared, history, files: this.#consumedFiles(history.length), stdin, judge, views };
  }

  /** Why a run up to an instant would be refused; null: it would not. Only of files. */
  refusesUntil(at: number): string | null {
    if (this.isHistoryChanged) return 'FSC7104';
    return this.saved !== null && this.saved.judge.newest > at ? 'FSC7301' : null;
  }

  /** Takes in what comes before the first accepted record that is later (rules.md 28). null: nothing comes before it. */
  runsUntil(at: number): Counts | null {
    const judge = this.saved?.judge.copy() ?? new Judge();
    const before = this.saved?.history ?? [];
    const fresh: Judged[] = [];
    for (const rec of this.historyRecords.slice(before.length)) {
      const verdict = judge.copy().judge(rec, this.declared, this.medium);
      if (verdict === 'accepted' && timeOf(rec) > at) break;
      fresh.push({ rec, verdict: judge.judge(rec, this.declared, this.medium) });
    }
    if (before.length + fresh.length === 0) return null;
    this.#keep(keptOf(fresh, 'file', before.length));
    this.#save([...before, ...fresh], [], judge);
    return countsOf(fresh);
  }

  /** Files as far as they were consumed; those that are read sorted are known as a whole. */
  #consumedFiles(count: number): readonly HistoryFile[] {
    if (this.isSorted || this.inputs.hasStdin) return [...this.files];
    let left = count;
    return this.files.flatMap(({ name, records }) => {
      const some = records.slice(0, left);
      left -= some.length;
      return some.length > 0 || records.length === 0 ? [{ name, records: some }] : [];
    });
  }

  /** A run was stopped after it had taken in so much of stdin. */
  stops(takenIn: readonly Rec[]): void {
    this.isPending = true;
    this.#unjudged = [...this.#unjudged, ...takenIn];
  }

  /** Records of stdin that the state knows. */
  get consumedOfStdin(): number {
    return (this.saved?.stdin.length ?? 0) + this.#unjudged.length;
  }

  /** What rows were made by: a view means the same as long as this is the same. */
  meaningOf(view: View): string {
    const { lateness, above, isOnly } = this.declared;
    const isWide = view.shape === 'rows' && this.declared.hasExtra;
    return JSON.stringify([viewText({ ...view, remark: 0 }, this.declared), lateness, above, isOnly, isWide]);
  }

  /** Where `get` must not answer before the next run. */
  isStale(view: View): boolean {
    return this.saved?.views.get(viewName(view)) !== this.meaningOf(view);
  }

  /** What online rows are made of. */
  get accepted(): readonly Rec[] {
    return this.saved === null ? [] : once(this.saved.history, this.saved.stdin);
  }

  /** What `query` and `dataset` find: the files as they are, and what was kept of stdin. */
  get acceptedOffline(): readonly Rec[] {
    const history = this.#judgedHistory(new Judge());
    return once(history, this.saved?.stdin ?? []);
  }
}

function ordered(files: readonly HistoryFile[], isSorted: boolean): readonly Rec[] {
  const records = files.flatMap((file) => file.records);
  return isSorted ? inSortedOrder(records) : records;
}

function keptOf(judged: readonly Judged[], where: 'file' | 'stdin' | 'retried', from: number): Kept[] {
  return judged
    .map((one, i) => ({ ...one, isOfStdin: where === 'stdin', place: `${where}:${from + i}` }))
    .filter(({ verdict }) => isRefused(verdict));
}

/** What stands in both counts once, and the stream's payload rules (rules.md 8). */
function once(history: readonly Judged[], stdin: readonly Judged[]): readonly Rec[] {
  const all = new Map<string, Rec>();
  for (const { rec, verdict } of [...history, ...stdin]) if (verdict === 'accepted') all.set(identityOf(rec), rec);
  return [...all.values()];
}

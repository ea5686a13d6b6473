/** What the model knows of one source: its files, what runs have consumed of it, and what every command must say of that. */
import { type Declaration, type Inputs, isSameDeclaration, isSortedHistory } from './declaration.ts';
import { type Counts, countsOf, identityOf, Judge, type Judged, type Medium, STDIN } from './judge.ts';
import { type Rec, timeOf } from './records.ts';
import {
  byIdentity,
  type HistoryFile,
  judgedUntil,
  type Kept,
  type KeptState,
  type Known,
  keptOf,
  ordered,
  sentUntil,
  takenIn,
} from './source-records.ts';

interface Saved {
  readonly declared: Declaration;
  /** Of the history, in the order in which it was read. */
  readonly history: readonly Judged[];
  readonly files: readonly HistoryFile[];
  readonly isSorted: boolean;
  /** Of stdin, retried ones too. */
  readonly stdin: readonly Judged[];
  readonly judge: Judge;
}

export class SourceWorld {
  readonly name: string;
  inputs: Inputs;
  declared: Declaration;
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
  /** A run with --rebuild was cut off. */
  mustRebuild = false;
  /** fsc.json says where it is. */
  isPlugged = true;
  /** It has a declaration in the project. */
  isPresent = true;

  constructor(name: string, inputs: Inputs, declared: Declaration) {
    this.name = name;
    this.inputs = inputs;
    this.declared = declared;
  }

  /** Of the history. */
  get medium(): Medium {
    return { format: this.inputs.files ?? 'stdin', isSorted: this.isSorted };
  }

  get isSorted(): boolean {
    return this.inputs.files !== null && isSortedHistory(this.inputs);
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
    // Where there was no record yet, nothing was consumed.
    if (!this.inputs.hasStdin && saved.history.length === 0) return false;
    if (saved.isSorted !== this.isSorted) return true;
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

  /** Codes with one of which a run must refuse and touch nothing; none: it fills the state. */
  due(isRebuilt: boolean): readonly string[] {
    if (isRebuilt) return [];
    const isAnew = !this.inputs.hasStdin && this.#change() !== 'none';
    return [
      ...(this.isRedeclared ? ['FSC7302'] : []),
      ...(!isAnew && this.isHistoryChanged ? ['FSC7104', 'FSC7303'] : []),
    ];
  }

  get isWithoutFile(): boolean {
    return this.inputs.files !== null && this.files.length === 0;
  }

  /** Not while a run that was cut off has to find the files as they were; nor a history of nothing that stdin has followed, which was read or was not. */
  get mayGrow(): boolean {
    if (this.isPending && (this.isSorted || this.inputs.hasStdin)) return false;
    return !(this.inputs.hasStdin && this.saved !== null && this.saved.history.length === 0);
  }

  /** Offline commands have something to look into. */
  get canBeRead(): boolean {
    if (!this.isPlugged) return false;
    return this.inputs.hasStdin ? this.saved !== null && !this.isHistoryChanged : this.files.length > 0;
  }

  /** Every record of the files has an event time, so that they can be read sorted. */
  get canBeSorted(): boolean {
    return (
      this.inputs.files !== 'jsonl' || this.files.every(({ records }) => records.every(({ flaw }) => flaw !== 'json'))
    );
  }

  /** A run that came to its end. Gives what it must have counted; null where one before it was cut off. */
  runs(sent: readonly Rec[], isRebuilt: boolean): Counts | null {
    const counts = this.inputs.hasStdin ? this.#runsOverStdin(sent, isRebuilt) : this.#runsOverFiles(isRebuilt);
    const isTold = !this.isPending;
    this.isPending = false;
    this.mustRebuild = false;
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
    const judged = this.#waiting.map((rec) => takenIn(rec, judge.judge(rec, this.declared, STDIN)));
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
    if (name === 'stdin') return `stdin:${offset}`;
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
    if (!isDouble) judge.take(one.rec, this.declared, STDIN);
    return isDouble ? { ...one, verdict: 'duplicate' } : one;
  }

  #judgeSent(sent: readonly Rec[], judge: Judge): Judged[] {
    return [...this.#unjudged, ...sent].map((rec) => takenIn(rec, judge.judge(rec, this.declared, STDIN)));
  }

  #save(history: readonly Judged[], stdin: readonly Judged[], judge: Judge): void {
    const files = this.#consumedFiles(history.length);
    this.saved = { declared: this.declared, history, files, isSorted: this.isSorted, stdin, judge };
  }

  /** Codes with one of which a run up to an instant must refuse. */
  refusesUntil(at: number): readonly string[] {
    const isPast = this.saved !== null && this.saved.judge.newest > at;
    return [...(this.isHistoryChanged ? ['FSC7104', 'FSC7303'] : []), ...(isPast ? ['FSC7301'] : [])];
  }

  /** Something comes before the instant, or has come; of a history that stdin follows all. */
  hasUntil(sent: readonly Rec[], at: number): boolean {
    const judge = new Judge();
    if (!this.inputs.hasStdin) return (this.saved?.history.length ?? 0) + this.#freshUntil(at, judge).length > 0;
    const count = this.#judgedHistory(judge).length;
    return (
      judge.newest <= at && (this.saved !== null || count > 0 || sentUntil(sent, at, judge, this.declared).length > 0)
    );
  }

  /** Takes in what comes before the first accepted record that is later (rules.md 28). Nothing is tried again. */
  runsUntil(sent: readonly Rec[], at: number): Counts {
    if (this.inputs.hasStdin) return this.#runsOverStdinUntil(sent, at);
    const judge = this.saved?.judge.copy() ?? new Judge();
    const before = this.saved?.history ?? [];
    const fresh = this.#freshUntil(at, judge);
    this.#keep(keptOf(fresh, 'file', before.length));
    this.#save([...before, ...fresh], [], judge);
    return countsOf(fresh);
  }

  #runsOverStdinUntil(sent: readonly Rec[], at: number): Counts {
    const { saved } = this;
    const judge = saved?.judge.copy() ?? new Judge();
    const history = saved === null ? this.#judgedHistory(judge) : [];
    if (history.length > 0) judge.handOff();
    const fresh = sentUntil(sent, at, judge, this.declared);
    const before = saved?.stdin ?? [];
    this.#keep(keptOf(history, 'file', 0), keptOf(fresh, 'stdin', before.length));
    this.#save(saved?.history ?? history, [...before, ...fresh], judge);
    return countsOf([...history, ...fresh]);
  }

  #freshUntil(at: number, judge: Judge): readonly Judged[] {
    const fresh = this.historyRecords.slice(this.saved?.history.length ?? 0);
    return judgedUntil(fresh, at, judge, this.declared, this.medium);
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
  stops(takenIn: readonly Rec[], isRebuilt: boolean): void {
    this.isPending = true;
    this.mustRebuild = isRebuilt;
    this.#unjudged = [...this.#unjudged, ...takenIn];
  }

  /** Records of stdin that the state knows. */
  get consumedOfStdin(): number {
    return (this.saved?.stdin.length ?? 0) + this.#unjudged.length;
  }

  /** What online rows are made of. */
  get accepted(): readonly Rec[] {
    if (this.saved === null) return [];
    return [...byIdentity(this.saved.history, this.saved.stdin).values()].map(({ rec }) => rec);
  }

  /** What `query` and `dataset` find: the files as they are, and what was kept of stdin. */
  get acceptedOffline(): readonly Rec[] {
    return this.knownOffline.map(({ rec }) => rec);
  }

  /** The same, each with the second since which it is known. */
  get knownOffline(): readonly Known[] {
    const history = this.#judgedHistory(new Judge());
    const { hasSeen } = this.declared;
    return [...byIdentity(history, this.saved?.stdin ?? []).values()].map(({ rec, takenAt }) => ({
      rec,
      since: takenAt ?? (hasSeen ? rec.seen : timeOf(rec)),
    }));
  }
}

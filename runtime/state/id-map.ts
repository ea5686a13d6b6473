/** V8's Map throws at 16.7 million keys, and the larger it is the longer it waits for its next doubling. */
const MOST = 1 << 23;

/** Ids by key, in as many maps as it takes: a key is looked for in each of them, and there is one for the first eight million. */
export class IdMap<K> {
  readonly #most: number;
  #maps: Map<K, number>[] = [new Map()];

  constructor(most = MOST) {
    this.#most = most;
  }

  get size(): number {
    let size = 0;
    for (const map of this.#maps) size += map.size;
    return size;
  }

  get(key: K): number | undefined {
    const maps = this.#maps;
    for (let i = 0; i < maps.length; i++) {
      const id = (maps[i] as Map<K, number>).get(key);
      if (id !== undefined) return id;
    }
    return undefined;
  }

  /** A key that is new. */
  add(key: K, id: number): void {
    let map = this.#maps[this.#maps.length - 1] as Map<K, number>;
    if (map.size >= this.#most) {
      map = new Map();
      this.#maps.push(map);
    }
    map.set(key, id);
  }

  /** Forgets every key that is not kept; what is left of several maps fills the first of them. */
  retain(isKept: (key: K, id: number) => boolean): void {
    const maps = this.#maps;
    for (const map of maps) for (const [key, id] of map) if (!isKept(key, id)) map.delete(key);
    if (maps.length === 1) return;
    this.#maps = [new Map()];
    for (const map of maps) for (const [key, id] of map) this.add(key, id);
  }
}

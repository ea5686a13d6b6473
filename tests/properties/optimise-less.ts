import { setFlagsFromString } from 'node:v8';

/**
 * Code that is generated for a case is soon thrown away, and a third of a run would go into optimising it: V8 waits longer than the 68 thousand
 * bytes of bytecode after which it does by itself.
 */
export function optimiseLess(): void {
  setFlagsFromString('--interrupt-budget=1500000');
}

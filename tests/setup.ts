/** The suite tries the same cases each time: FSC_SEED tries others. A seed that a test names itself stays. */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['FSC_SEED'] ?? 1) });

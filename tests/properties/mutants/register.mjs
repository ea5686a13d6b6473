// `node --import register.mjs`: the mutant is in FSC_MUTANT.
import { register } from 'node:module';

register('./hooks.mjs', import.meta.url, { data: JSON.parse(process.env.FSC_MUTANT) });

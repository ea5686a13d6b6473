import { randomSuite } from './random-suite.ts';

randomSuite(2, 4);

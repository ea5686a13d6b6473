import { randomSuite } from './random-suite.ts';

randomSuite(1, 2);

import { randomSuite } from './random-suite.ts';

randomSuite(0, 2);

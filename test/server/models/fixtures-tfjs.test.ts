import { createTfjsEngine } from '../../../server/src/engines/tfjs.ts';
import { tf } from '../engines/tfjs/tensorflow.ts';
import { classifyBy, fixtures } from './fixtures.ts';
import { fixturesSuite } from './frameworks-table-suite.ts';

const engine = process.env.TEST_TFJS_NODE ? 'tfjs-float32' : 'tfjs-float32 on the plain CPU backend';

fixturesSuite(engine, fixtures(), (fixture) => classifyBy((source) => createTfjsEngine(tf, source), fixture));

import { expect, it, test } from 'vitest';
import type { Engine, EngineSource } from '../../../server/src/engines/engine.ts';
import { createOnnxruntimeEngine } from '../../../server/src/engines/onnxruntime.ts';
import { convertModel } from '../../../server/src/models/convert-model.ts';
import { checkMap } from '../../../server/src/models/load-check.ts';
import { manifestFile, readManifest } from '../../../server/src/models/manifest.ts';
import { checkModelFile } from '../../../server/src/models/model-file.ts';
import { DATA_TYPE, onnx } from '../../../server/src/models/onnx/proto.ts';
import { expectedOf, fixtureFile, fixturesNamed } from './fixture.ts';

/** Opens a fixture's network after something was done to the classifier that was made of it. */
async function checked(name: string, change: (model: InstanceType<typeof onnx.ModelProto>) => void) {
  const file = fixtureFile(name, 'model.h5');
  const converted = await convertModel(file, await checkModelFile(file), await readManifest(manifestFile(file)));
  const { onnx: model } = converted;
  change(model);
  const bytes = onnx.ModelProto.encode(model).finish();
  const { patchHeight: height, patchWidth: width } = converted;
  const engines: Engine[] = [];
  const start = async (network: EngineSource['onnx']) => {
    const engine = await createOnnxruntimeEngine({ onnx: network, height, width }, { threads: 1 });
    engines.push(engine);
    return engine;
  };
  const engine = await start(bytes);
  try {
    return await checkMap(engine, { ...converted, height, width }, bytes, start);
  } finally {
    await engine.close();
    expect(engines).toHaveLength(2);
  }
}

const GRADIENT = 'openseadragon-cam/gradient/';

/** Puts an operator between a node of the gradient and those that read it. */
function bend(model: InstanceType<typeof onnx.ModelProto>, operator: string, by: { opType: string; value?: number }) {
  const nodes = model.graph?.node ?? [];
  const node = nodes.find(({ opType, output }) => opType === operator && output?.[0]?.startsWith(GRADIENT));
  const [output = ''] = node?.output ?? [];
  if (!node || !model.graph) throw new Error(`there is no ${operator}`);
  node.output = [`${output} before`];
  const factor = { name: 'factor', dataType: DATA_TYPE.float, floatData: [by.value ?? 1], dims: [] };
  model.graph.initializer = [...(model.graph.initializer ?? []), factor];
  const added = { opType: by.opType, input: [`${output} before`, 'factor'], output: [output], name: 'bent' };
  nodes.splice(nodes.indexOf(node) + 1, 0, added);
}

test.each(fixturesNamed('method-'))('the gradient of %s passes', async (name) => {
  const { difference, largestLogit } = await checked(name, () => {});
  expect(difference).toBeLessThan(1e-3 * Math.max(1, largestLogit));
});

it.each([
  { name: 'method-flatten-dense', operator: 'Transpose', by: { opType: 'Mul', value: 1.01 }, what: 'by one percent' },
  { name: 'method-two-dense', operator: 'Gemm', by: { opType: 'Mul', value: 1.1 }, what: 'by ten percent' },
  { name: 'method-vgg16-head', operator: 'Gemm', by: { opType: 'Mul', value: -1 }, what: 'in sign' },
  {
    name: 'method-gap-two-dense',
    operator: 'Reshape',
    by: { opType: 'Div', value: 64 },
    what: 'by the number of cells',
  },
])('a gradient of $name that is wrong $what is refused', async ({ name, operator, by }) => {
  const { camLayer } = expectedOf(name);
  await expect(checked(name, (model) => bend(model, operator, by))).rejects.toMatchObject({
    code: 'unreadable-model',
    message: expect.stringMatching(
      new RegExp(
        `^no exact gradient at layer '${camLayer}': for output \\d the sum over the cells of the map is -?[\\d.e-]+, ` +
          "the slope of the model's own logit -?[\\d.e-]+$",
      ),
    ),
  });
});

it('is not passed by maps of another layout', async () => {
  // The Flatten of Keras has the channels last, so weights taken as if they came first are of other cells.
  const swap = (model: InstanceType<typeof onnx.ModelProto>) => {
    for (const { opType, output, attribute } of model.graph?.node ?? []) {
      if (opType !== 'Transpose' || !output?.[0]?.startsWith(GRADIENT)) continue;
      const perm = attribute?.find(({ name }) => name === 'perm');
      if (perm?.ints?.map(Number).join() === '0,1,4,2,3') perm.ints = [0, 1, 4, 3, 2];
    }
  };
  await expect(checked('method-flatten-dense', swap)).rejects.toThrow('no exact gradient');
});

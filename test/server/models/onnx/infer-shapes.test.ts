import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ort from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { graphView } from '../../../../server/src/models/onnx/graph-view.ts';
import { DATA_TYPE, makeValueInfo, onnx } from '../../../../server/src/models/onnx/proto.ts';
import { readOnnx } from '../../../../server/src/models/onnx/read-onnx.ts';

const FIXTURES = fileURLToPath(new URL('../../../fixtures', import.meta.url));
/** Those whose values between the layers are float32, and whose data is inside. */
const files = readdirSync(FIXTURES).filter((name) => /^onnx-(opset|dynamo|class|conv|chan|norm)/.test(name));

it.each(files)('%s: the sizes that the runtime has', async (name) => {
  const file = join(FIXTURES, name, 'model.onnx');
  const network = await readOnnx(file, [20, 24]);
  // What the file tells is left out, so that the rules alone are tested.
  const view = graphView({ ...network, proto: { ...network.proto, valueInfo: [], output: [] } });
  const model = onnx.ModelProto.decode(readFileSync(file));
  const tensors = (model.graph?.node ?? [])
    .flatMap(({ opType, output }) => (opType === 'Constant' ? [] : (output ?? [])))
    .filter((tensor) => view.integers(tensor) === null);
  if (model.graph) model.graph.output = tensors.map((tensor) => makeValueInfo(tensor, DATA_TYPE.float, []));
  for (const { type } of model.graph?.output ?? []) if (type?.tensorType) type.tensorType.shape = null;
  const session = await ort.InferenceSession.create(onnx.ModelProto.encode(model).finish(), {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 4,
  });
  const image = new ort.Tensor('float32', new Float32Array(20 * 24 * 3), [1, 3, 20, 24]);
  const results = await session.run({ image });
  await session.release();
  for (const tensor of tensors) {
    const found = view.shape(tensor);
    const sizes = results[tensor].dims;
    expect(found?.length, tensor).toBe(sizes.length);
    // The batch is not known.
    expect(found?.map((size, i) => size ?? sizes[i])).toEqual(sizes);
    expect(found?.slice(1)).not.toContain(null);
  }
});

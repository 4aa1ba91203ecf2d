import { Problem } from '../../errors.ts';
import type { ModelProto } from '../../models/onnx/proto.ts';
import { computeOnHost } from './operators/host.ts';
import { type Plan, planGraph, type Step } from './plan.ts';
import type { HostValue, Tensor, Tf, Value } from './value.ts';
import { Workspace } from './workspace.ts';

/** An ONNX graph on TensorFlow.js. */
export interface Executor {
  /**
   * @param inputs by name
   * @returns the outputs' numbers and shapes by name
   * @throws Problem naming the node that cannot be computed
   */
  run(inputs: ReadonlyMap<string, HostValue>): Map<string, { shape: readonly number[]; values: Float32Array }>;
  close(): void;
}

/**
 * Loads a graph: its constants are uploaded once, and what depends on constants alone is computed once.
 *
 * @throws Problem `unreadable-model` where it holds what is not computed here
 */
export function createExecutor(tf: Tf, model: ModelProto): Executor {
  const plan = planGraph(model);
  const workspace = new Workspace(tf);
  const constants = new Map<string, Value>(plan.constants);
  for (const value of constants.values()) workspace.setConstant(value);
  const steps = foldConstants(plan, constants, workspace);
  return {
    run(inputs) {
      const outputs = new Map<string, { shape: readonly number[]; values: Float32Array }>();
      tf.tidy(() => {
        const values = new Map<string, Value>([...constants, ...inputs]);
        runSteps(steps, values, workspace);
        for (const name of plan.outputs) {
          const value = values.get(name);
          if (!value) throw new Problem('unreadable-model', `gives no output '${name}'`);
          const tensor = workspace.logical(value);
          outputs.set(name, { shape: [...tensor.shape], values: new Float32Array(workspace.numbers(value)) });
        }
      });
      return outputs;
    },
    close() {
      workspace.close();
      for (const value of constants.values()) if (value.kind === 'device') value.tensor.dispose();
    },
  };
}

/** Computes the steps that take constants only, adds what they give to the constants, and gives the other steps. */
function foldConstants({ steps }: Plan, constants: Map<string, Value>, workspace: Workspace): Step[] {
  const { tf } = workspace;
  return steps.filter((step) => {
    const { inputs, outputs } = step.node;
    if (!inputs.every((name) => name === '' || constants.has(name))) return true;
    tf.tidy(() => {
      for (const [i, value] of runStep(step, constants, workspace).entries()) {
        if (value.kind === 'device') tf.keep(value.tensor);
        workspace.setConstant(value);
        constants.set(outputs[i], value);
      }
    });
    return false;
  });
}

/** Runs steps one by one; a tensor is disposed of as soon as nothing takes it any more. */
function runSteps(steps: readonly Step[], values: Map<string, Value>, workspace: Workspace): void {
  const { tf } = workspace;
  const holders = new Map<Tensor, number>();
  const hold = (value: Value, change: number) => {
    if (value.kind === 'host' || value.tensor.kept) return;
    const count = (holders.get(value.tensor) ?? 0) + change;
    holders.set(value.tensor, count);
    if (count === 0) value.tensor.dispose();
  };
  for (const step of steps) {
    let results: Value[] = [];
    tf.tidy(() => {
      results = runStep(step, values, workspace);
      return results.flatMap((value) => (value.kind === 'device' ? [value.tensor] : []));
    });
    for (const [i, name] of step.node.outputs.entries()) {
      const value = results[i];
      if (!value || name === '') continue;
      values.set(name, value);
      hold(value, 1);
    }
    for (const name of step.releases) {
      const value = values.get(name);
      if (!value) continue;
      values.delete(name);
      hold(value, -1);
    }
  }
}

function runStep({ node, kernel }: Step, values: ReadonlyMap<string, Value>, workspace: Workspace): Value[] {
  const inputs = node.inputs.map((name) => values.get(name) ?? null);
  try {
    const hosts = inputs.map((value) => (value?.kind === 'host' ? value : null));
    return computeOnHost(node, hosts) ?? kernel(inputs, workspace);
  } catch (error) {
    if (error instanceof Problem) throw error;
    const reason = String(error instanceof Error ? error.message : error).split('\n')[0];
    throw node.problem(`cannot be computed: ${reason}`, { cause: error });
  }
}

import type { PatchGrid, PatchPosition } from '../../../shared/geometry/patch-grid.ts';
import type { ProblemCode } from '../errors.ts';
import type { ModelDescription } from '../models/model.ts';
import type { SlideDescription } from '../slides/slide.ts';

/** What a worker process is asked. Everything here is plain data: it crosses a process boundary. */
export type WorkerTask =
  | { type: 'describe-model'; file: string }
  | {
      type: 'classify';
      slide: SlideDescription;
      /** The fingerprint that the model had when it was described; another one means that the file has changed. */
      model: { file: string; fingerprint: string };
      grid: PatchGrid;
      positions: PatchPosition[];
    };

/** The answer to each type of task. */
export interface WorkerAnswers {
  'describe-model': ModelDescription;
  classify: PatchResults;
}

/** What is kept of classified patches. */
export interface PatchResults {
  /** CAM + bias, shape [patches, cellRows, cellColumns, classes]. */
  cells: Float32Array;
  /** Shape [patches, classes]. */
  probabilities: Float32Array;
}

export interface WorkerRequest {
  id: number;
  task: WorkerTask;
}

export type WorkerResponse =
  | { id: number; answer: ModelDescription | PatchResults }
  | { id: number; problem: { code: ProblemCode; message: string } };

import type { PatchGrid, PatchPosition } from '../../../shared/geometry/patch-grid.ts';
import type { ProblemCode } from '../errors.ts';
import type { Classification, ModelDescription } from '../models/model.ts';
import type { OpenModelOptions } from '../models/open-model.ts';
import type { RemoteHosts } from '../slides/remote/remote-hosts.ts';
import type { SlideDescription } from '../slides/slide.ts';

/** How a worker process opens models and slides: its first argument, as JSON. */
export interface WorkerOptions extends OpenModelOptions {
  /** From where it may fetch the pixels of slides; from nowhere unless given. */
  remote?: RemoteHosts;
}

/** What a worker process is asked. Everything here is plain data: it crosses a process boundary. */
export type WorkerTask =
  | { type: 'describe-model'; file: string }
  /** RGB bytes of one patch, shape [patchHeight, patchWidth, 3]. */
  | { type: 'classify-pixels'; model: ModelVersion; pixels: Uint8Array }
  /** Opens a model that will be wanted soon. */
  | { type: 'prepare-model'; model: ModelVersion }
  /** Patches of a grid that are background by the slide's saturation. */
  | { type: 'background'; slide: SlideDescription; grid: PatchGrid }
  | {
      type: 'classify';
      slide: SlideDescription;
      model: ModelVersion;
      grid: PatchGrid;
      positions: PatchPosition[];
    };

export interface ModelVersion {
  file: string;
  /** What the model had when it was described; another one means that the file has changed. */
  fingerprint: string;
}

/** The answer to each type of task. */
export interface WorkerAnswers {
  'prepare-model': null;
  'describe-model': ModelDescription;
  'classify-pixels': Classification;
  /** 1 for background, row-major. */
  background: Uint8Array;
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
  | { id: number; answer: WorkerAnswers[keyof WorkerAnswers] }
  | { id: number; problem: { code: ProblemCode; message: string } };

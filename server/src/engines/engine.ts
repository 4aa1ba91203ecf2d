/** A network loaded in an inference runtime: uint8 RGB patches in, CAM cells and logits out. */
export interface Engine {
  /**
   * @param patches shape [count, height, width, 3]
   * @returns `cells`: CAM + bias, shape [count, rows, columns, outputs]; `logits`: shape [count, outputs]
   */
  run(patches: Uint8Array, count: number): Promise<{ cells: Float32Array; logits: Float32Array }>;
  close(): Promise<void>;
}

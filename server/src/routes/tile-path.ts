import type { TileAddress } from '../../../shared/geometry/deep-zoom.ts';

/**
 * Splits the parts of a Deep Zoom tile's path, `{name}_files/{level}/{column}_{row}.{format}`.
 * @returns undefined where they are no such path
 */
export function parseTilePath(
  folder: string,
  level: string,
  file: string,
): { name: string; address: TileAddress; format: string } | undefined {
  const name = /^(.+)_files$/.exec(folder)?.[1];
  const position = /^(0|[1-9]\d*)_(0|[1-9]\d*)\.([a-z]+)$/.exec(file);
  if (name === undefined || !position || !/^(0|[1-9]\d*)$/.test(level)) return undefined;
  const address = { level: Number(level), column: Number(position[1]), row: Number(position[2]) };
  return { name, address, format: position[3] };
}

/** The Deep Zoom descriptor of an image. */
export function deepZoomXml(size: {
  width: number;
  height: number;
  tileSize: number;
  overlap: number;
  format: string;
}): string {
  const { width, height, tileSize, overlap, format } = size;
  return `<?xml version="1.0" encoding="UTF-8"?>
<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" Format="${format}" Overlap="${overlap}" TileSize="${tileSize}">
  <Size Width="${width}" Height="${height}"/>
</Image>
`;
}

import type OpenSeadragon from 'openseadragon';
import type { CamOptions } from './options.ts';

/** What goes with every request. */
export interface Credentials {
  headers: object;
  withCredentials: boolean;
}

/** The viewer's headers as they are now, those of the options above them. */
export function credentialsOf(
  viewer: OpenSeadragon.Viewer,
  { ajaxHeaders, ajaxWithCredentials }: Pick<CamOptions, 'ajaxHeaders' | 'ajaxWithCredentials'>,
): Credentials {
  // OpenSeadragon's types leave out these two options of a viewer.
  const headers: unknown = Reflect.get(viewer, 'ajaxHeaders');
  return {
    headers: { ...Object(headers), ...ajaxHeaders },
    withCredentials: ajaxWithCredentials ?? Reflect.get(viewer, 'ajaxWithCredentials') === true,
  };
}

/** Where a heatmap's view stream is asked for, and by which name. */
export interface ViewAddress {
  /** Address of the server's `/view`. */
  stream: string;
  /**
   * The descriptor's path and query from `/heatmaps/` on: a proxy may have put a prefix before it that the server does
   * not know.
   */
  heatmap: string;
}

/**
 * Of the address of a descriptor, `{server}/heatmaps/{slide}/{model}.json`, where the server may have a prefix.
 * @returns undefined for any other address: a file on a static host
 */
export function viewAddress(descriptor: string): ViewAddress | undefined {
  const { origin, pathname, search } = new URL(descriptor);
  const parts = /^(.*)(\/heatmaps\/[^/]+\/[^/]+\.json)$/.exec(pathname);
  return parts ? { stream: `${origin}${parts[1]}/view`, heatmap: parts[2] + search } : undefined;
}

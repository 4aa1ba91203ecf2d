/** Titles of entries side by side: those that only their endings tell apart keep them. */
export function titlesOf(ids: readonly string[]): string[] {
  const titles = ids.map(titleOf);
  const counts = new Map<string, number>();
  for (const title of titles) counts.set(title, (counts.get(title) ?? 0) + 1);
  return ids.map((id, i) => (counts.get(titles[i]) === 1 ? titles[i] : id.replaceAll(':', '/')));
}

/**
 * A title for people: the path in the catalogue's folder, without its ending (all of `.ome.zarr`); of a `model.json` that of its
 * folder.
 */
export function titleOf(id: string): string {
  return id.replaceAll(':', '/').replace(/\/model\.json$|\.ome\.zarr$|\.[^./]+$/i, '');
}

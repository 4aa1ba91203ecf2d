/** What the page shows, by the ids of the server's lists. */
export interface Address {
  slide: string | undefined;
  model: string | undefined;
  /** Another model, shown beside it. */
  compare: string | undefined;
}

const NAMES = ['slide', 'model', 'compare'] as const;

/** What the page's address names: `#slide=ID&model=ID&compare=ID`. */
export function addressed(): Address {
  const parameters = new URLSearchParams(location.hash.slice(1));
  const of = (name: keyof Address) => parameters.get(name) || undefined;
  return { slide: of('slide'), model: of('model'), compare: of('compare') };
}

/** Goes on to another address, from which somebody can go back. */
export function goToAddress(address: Address): void {
  location.hash = fragmentOf(address);
}

/** Takes `?slide=&model=&compare=` for the same in the fragment, where the page keeps it. */
export function adoptQuery(): void {
  const query = new URLSearchParams(location.search);
  if (!NAMES.some((name) => query.has(name))) return;
  const own = addressed();
  const all = Object.fromEntries(NAMES.map((name) => [name, own[name] ?? query.get(name) ?? undefined]));
  for (const name of NAMES) query.delete(name);
  const rest = query.size > 0 ? `?${query}` : '';
  history.replaceState(null, '', `${location.pathname}${rest}#${fragmentOf(all)}`);
}

function fragmentOf(address: Partial<Address>): string {
  const next = new URLSearchParams();
  for (const name of NAMES) {
    const value = address[name];
    if (value) next.set(name, value);
  }
  return next.toString();
}

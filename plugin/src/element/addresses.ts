/** Absolute addresses of what an element shows; undefined where its attributes name none. */
export interface Addresses {
  tileSource: string | undefined;
  heatmap: string | undefined;
  /** Of OpenSeadragon's pictures of buttons. */
  prefixUrl: string;
}

/** The addresses that an element's attributes stand for, relative to the document. */
export function addressesOf(element: Element): Addresses {
  const attribute = (name: string) => element.getAttribute(name) ?? undefined;
  const absolute = (address: string) => new URL(address, element.ownerDocument.baseURI);
  const server = absolute(`${(attribute('server') ?? '').replace(/\/$/, '')}/`);
  const [slide, model] = ['slide', 'model'].map((name) => attribute(name) && encodeURIComponent(attribute(name) ?? ''));
  const on = (path: string) => new URL(path, server).href;

  const tileSource = attribute('tile-source') ?? (slide && on(`slides/${slide}.dzi`));
  const heatmap = attribute('heatmap') ?? (slide && model && on(`heatmaps/${slide}/${model}.json`));
  return {
    tileSource: tileSource && absolute(tileSource).href,
    heatmap: heatmap && withParameters(absolute(heatmap), element).href,
    prefixUrl: absolute(attribute('prefix-url') ?? on('openseadragon/images/')).href,
  };
}

function withParameters(address: URL, element: Element): URL {
  for (const name of ['overlap', 'background']) {
    const value = element.getAttribute(name);
    if (value !== null) address.searchParams.set(name, value);
  }
  return address;
}

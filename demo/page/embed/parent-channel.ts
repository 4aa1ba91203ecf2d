/** The page that embeds this one, as far as it may be talked to. */
export interface ParentChannel {
  send(message: object): void;
}

/**
 * Messages to and from the page that embeds this one, of this server's own origin or of one of those named. Any other may
 * not embed it, is not told anything and not listened to.
 * @param receive told what the parent says, unchecked
 */
export function parentChannel(named: readonly string[], receive: (data: unknown) => void): ParentChannel {
  if (window.parent === window) return { send: () => {} };
  const origins = [...new Set([location.origin, ...named])];
  let origin = likelyOrigin(origins);

  window.addEventListener('message', (event) => {
    if (event.source !== window.parent || !origins.includes(event.origin)) return;
    origin = event.origin;
    receive(event.data);
  });
  return {
    send(message) {
      // Where nothing tells which of them it is, the browser delivers to that one alone.
      for (const target of origin === undefined ? origins : [origin]) window.parent.postMessage(message, target);
    },
  };
}

/** The parent's origin as the browser tells it before the parent has said anything, where it does. */
function likelyOrigin(origins: readonly string[]): string | undefined {
  // Not every browser has it.
  const ancestors: DOMStringList | undefined = location.ancestorOrigins;
  const told = ancestors?.[0] ?? (URL.canParse(document.referrer) ? new URL(document.referrer).origin : undefined);
  return origins.find((origin) => origin === told);
}

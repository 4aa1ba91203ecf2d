/** One event of an event stream (`text/event-stream`, as the HTML standard defines it). */
export interface ServerEvent {
  /** `message` where the stream gives it no name. */
  name: string;
  data: string;
}

/**
 * A parser of one event stream from its start. It is fed the bytes as they come, cut anywhere, and gives back the events
 * that they complete. Comments, and the fields of a browser's own reconnecting (`id`, `retry`), are passed over.
 */
export function eventStreamParser(): (bytes: Uint8Array) => ServerEvent[] {
  const decoder = new TextDecoder();
  /** Of a line whose end has not come. */
  let rest = '';
  /** A line feed that comes next belongs to the line that ended. */
  let afterReturn = false;
  let name = '';
  let data: string[] = [];

  const take = (line: string): ServerEvent | undefined => {
    if (line === '') {
      const event = data.length > 0 ? { name: name || 'message', data: data.join('\n') } : undefined;
      name = '';
      data = [];
      return event;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') name = value;
    if (field === 'data') data.push(value);
    return undefined;
  };

  return (bytes) => {
    const decoded = decoder.decode(bytes, { stream: true });
    if (decoded === '') return [];
    const text = afterReturn && decoded.startsWith('\n') ? decoded.slice(1) : decoded;
    afterReturn = decoded.endsWith('\r');
    const lines = (rest + text).split(/\r\n|\r|\n/);
    rest = lines.pop() ?? '';
    return lines.map(take).filter((event) => event !== undefined);
  };
}

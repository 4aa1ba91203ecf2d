import { Refusal, type SlideEntry } from '../server.ts';

/** What is told while an image is on its way. */
export interface SendOptions {
  /** Share of its bytes that have left, 0 to 1; 1 while the server looks at it. */
  onProgress(sent: number): void;
  signal: AbortSignal;
}

/**
 * Sends an image to the server. By XMLHttpRequest, for fetch does not tell how much has left.
 * @returns the image as a slide of the list
 * @throws Refusal where the server refuses it; TypeError where it does not answer or the file cannot be read; the signal's reason
 */
export function sendImage(file: File, { onProgress, signal }: SendOptions): Promise<SlideEntry> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    signal.addEventListener('abort', abort, { once: true });
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.upload.onload = () => onProgress(1);
    request.onabort = () => reject(signal.reason);
    request.onerror = () => reject(new TypeError('the file could not be sent'));
    request.onload = () => {
      const answer = parsed(request.responseText);
      if (request.status === 201) resolve(answer);
      else reject(new Refusal(answer?.error?.message ?? `The server answered with status ${request.status}.`));
    };
    request.onloadend = () => signal.removeEventListener('abort', abort);
    request.open('POST', `uploads?${new URLSearchParams({ name: file.name || 'image' })}`);
    request.send(file);
  });
}

function parsed(text: string) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

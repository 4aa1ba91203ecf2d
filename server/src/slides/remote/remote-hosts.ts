import { isIP } from 'node:net';
import { Problem } from '../../errors.ts';
import { addressKind } from './address-kind.ts';

/** From where pixels may be fetched; plain data, so that it travels to worker processes. */
export interface RemoteHosts {
  hosts: readonly RemoteHost[];
  /** Whether names among them may stand for addresses of private networks. */
  privateNetworks: boolean;
}

export interface RemoteHost {
  /** As URLs write it: lower case, an IPv6 address in brackets. */
  host: string;
  /** Null for the default ones, 80 and 443. */
  port: number | null;
}

export const NO_REMOTE_HOSTS: RemoteHosts = { hosts: [], privateNetworks: false };

const DEFAULT_PORTS: Record<string, number> = { 'http:': 80, 'https:': 443 };

/**
 * Reads `HOST` or `HOST:PORT`: a name, an IPv4 address or an IPv6 address in brackets.
 * @throws Problem `bad-parameter`
 */
export function parseRemoteHost(text: string): RemoteHost {
  const [, name = '', port = null] = /^(\[[^\s\]]*\]|[^\s/?#@*\\:[\]]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = `http://${name}/`;
  if (name === '' || !URL.canParse(address) || Number(port ?? 1) < 1 || Number(port) > 65535) {
    throw new Problem('bad-parameter', `--remote-host: expected HOST or HOST:PORT, found ${JSON.stringify(text)}`);
  }
  return { host: new URL(address).hostname, port: port === null ? null : Number(port) };
}

/** The entry of the list that allows an address; undefined where none does. */
export function entryFor({ hosts }: RemoteHosts, url: URL): RemoteHost | undefined {
  const standard = DEFAULT_PORTS[url.protocol];
  if (standard === undefined) return undefined;
  const port = url.port === '' ? standard : Number(url.port);
  return hosts.find((entry) => entry.host === url.hostname && (entry.port ?? standard) === port);
}

/**
 * Whether a listed host may be looked for at an address. Whoever lists an address, or `localhost`, has allowed what it is;
 * any other name may be made to stand for anything by whoever keeps it (DNS rebinding).
 */
export function mayConnect({ privateNetworks }: RemoteHosts, { host }: RemoteHost, address: string): boolean {
  const kind = addressKind(address);
  if (kind === 'public' || isAddress(host)) return true;
  if (kind === 'loopback') return host === 'localhost' || host.endsWith('.localhost');
  return kind === 'private' && privateNetworks;
}

function isAddress(host: string): boolean {
  return isIP(host.replace(/^\[|\]$/g, '')) !== 0;
}

import { parseRemoteHost, type RemoteHosts } from '../slides/remote/remote-hosts.ts';

/** From where pixels may be fetched, as it is written on the command line. */
export interface RemoteChoice {
  remoteHost?: string | readonly string[];
  remotePrivate?: boolean;
}

/** @throws Problem `bad-parameter` */
export function remoteHosts({ remoteHost = [], remotePrivate = false }: RemoteChoice): RemoteHosts {
  return { hosts: [remoteHost].flat().map(parseRemoteHost), privateNetworks: remotePrivate };
}

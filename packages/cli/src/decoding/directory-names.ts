import { openDirectory } from '@s4u/directory'
import { createKdcClient, type KdcCredentials } from '@s4u/kdc-client'
import type { Keytab } from '@s4u/krb5'
import { controllerOf, DIRECTORY_FLAGS } from '../access/administrator.js'
import { cacheOf } from '../access/caches.js'
import { kdcSettings } from '../access/kdc-options.js'
import type { GivenOf, Options } from '../command-line/options.js'
import type { Session } from '../terminal/session.js'

/** Options of a command that can ask the directory for names of groups. */
export const NAMES_FLAGS = {
  names: { kind: 'flag', about: 'ask the directory for names of groups, as the account of the keytab or cache' },
  cache: {
    kind: 'text',
    short: 'c',
    value: 'CACHE',
    goesWith: ['names', 'directory'],
    about: 'with --names: ask with these tickets, not the keytab',
  },
  principal: {
    kind: 'text',
    short: 'p',
    value: 'NAME',
    goesWith: ['names', 'directory'],
    about: 'with --names: ask as this account of the keytab',
  },
  ...DIRECTORY_FLAGS,
  directory: { kind: 'text', value: 'HOST', about: 'as --names, and this is the controller to ask; else found in DNS' },
} as const satisfies Options

type NamesGiven = GivenOf<typeof NAMES_FLAGS>

export function wantsNames(given: NamesGiven): boolean {
  return given.flag('names') || given.text('directory') !== undefined
}

/**
 * The names of SIDs that the directory knows: `CORP\Sales`.
 * @throws what a directory, or the KDC in front of it, throws
 */
export async function directoryNames(
  sids: Iterable<string>,
  given: NamesGiven,
  keytab: Keytab | undefined,
  session: Session,
): Promise<ReadonlyMap<string, string>> {
  const client = createKdcClient({ ...kdcSettings(given, session), credentials: credentialsOf(given, keytab) })
  await using directory = openDirectory({ client, ...controllerOf(given) })
  return await directory.namesOf(sids, { signal: session.signal })
}

function credentialsOf(given: NamesGiven, keytab: Keytab | undefined): KdcCredentials {
  const [cache, principal] = [given.text('cache'), given.text('principal')]
  if (cache !== undefined || keytab === undefined)
    return { ccache: cacheOf({ cache, krb5Config: given.text('krb5Config') }) }
  return { keytab, ...(principal !== undefined && { principal }) }
}

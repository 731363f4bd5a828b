import { type Directory, type DirectoryServer, openDirectory } from '@s4u/directory'
import { createKdcClient } from '@s4u/kdc-client'
import type { GivenOf, Options } from '../command-line/options.js'
import type { Session } from '../terminal/session.js'
import { KDC_OPTIONS, kdcSettings } from './kdc-options.js'

/** Options of every command that asks a directory. */
export const DIRECTORY_FLAGS = {
  directory: { kind: 'text', value: 'HOST', about: 'the domain controller to ask; default: found in DNS' },
  directoryAddress: {
    kind: 'text',
    value: 'IP',
    goesWith: ['directory'],
    about: 'the address of that controller; default: that of its name',
  },
  ...KDC_OPTIONS,
} as const satisfies Options

/** Opens the directory as somebody whose password is asked for. */
export async function openAs(
  principal: string,
  given: GivenOf<typeof DIRECTORY_FLAGS>,
  session: Session,
): Promise<Directory> {
  const password = await session.askSecret(`Password for ${principal}: `)
  const client = createKdcClient({ ...kdcSettings(given, session), credentials: { principal, password } })
  return openDirectory({ client, ...controllerOf(given) })
}

/** The controller that the user has named, as `openDirectory` takes it. */
export function controllerOf(given: GivenOf<typeof DIRECTORY_FLAGS>): { readonly servers?: DirectoryServer } {
  const [host, address] = [given.text('directory'), given.text('directoryAddress')]
  return host === undefined ? {} : { servers: { host, ...(address !== undefined && { address }) } }
}

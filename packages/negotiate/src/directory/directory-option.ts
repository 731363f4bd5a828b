import {
  closeOptions,
  ConfigurationError,
  type KdcClient,
  type Logger,
  type OptionTableOf,
  requireGiven,
} from '@s4u/kdc-client'
import type { DirectoryOptions as OpenDirectoryOptions } from '@s4u/directory'
import type { CallerDirectory, DirectorySource } from './caller-directory.js'

/** Where names of groups and profiles of callers come from. */
export interface DirectoryOptions {
  /**
   * What knows the names of groups, for `requireGroup('CORP\\Sales')`, and the display name and
   * mail of a caller, for `identity.profile()`. `true`: the directory of the service's own realm,
   * found by DNS and asked as the service. Controllers may be named in place of DNS. Default: none.
   * Example: `directory: { servers: ['dc1.corp.test'] }`, or what `openDirectory` of
   * `@s4u/directory` returns.
   */
  readonly directory?: true | DirectoryServers | CallerDirectory
}

/** The directory of the service's own realm, at controllers that are named. */
export interface DirectoryServers {
  /**
   * The controllers, or controllers by domain: `['dc1.corp.test']`, or `{ host: 'dc1.corp.test',
   * address: '10.0.0.5' }` where no DNS knows the host.
   */
  readonly servers: NonNullable<OpenDirectoryOptions['servers']>
}

const DIRECTORY_SERVERS = { servers: 'value' } as const satisfies OptionTableOf<DirectoryServers>

/** @throws ConfigurationError */
export function checkDirectoryOption({ directory }: DirectoryOptions): void {
  if (directory === undefined || directory === true) return
  if (namesServers(directory)) return void serversIn(directory)
  const hint =
    "Write directory: true, directory: { servers: ['dc1.ad.test'] }, or give what openDirectory of @s4u/directory returns."
  requireGiven('directory', directory, ['account', 'namesOf', 'sidOf'], hint)
}

/** @throws ConfigurationError for other options beside `servers` */
function serversIn(directory: DirectoryServers): DirectoryServers {
  return closeOptions<DirectoryServers>('directory', directory, DIRECTORY_SERVERS)
}

function namesServers(directory: unknown): directory is DirectoryServers {
  return typeof directory === 'object' && directory !== null && 'servers' in directory && !('sidOf' in directory)
}

/** A directory, and how to close it where it was opened here. */
export interface NegotiatorDirectory {
  readonly source: DirectorySource
  close(): void
}

/**
 * Returns the directory of the options; undefined without the option. The directory is opened at
 * the first question.
 */
export function directoryOf(
  { directory, logger, now }: DirectoryOptions & { readonly logger?: Logger; readonly now?: () => number },
  client: () => Promise<KdcClient>,
): NegotiatorDirectory | undefined {
  if (directory === undefined) return undefined
  if (directory !== true && !namesServers(directory))
    return { source: () => Promise.resolve(directory), close: () => {} }
  const servers = directory === true ? {} : serversIn(directory)
  let opened: ReturnType<typeof openOwn> | undefined
  return {
    source() {
      opened ??= openOwn(client, { logger, now, ...servers })
      // A failure is not kept: the keytab or the KDC may be there the next time.
      opened.catch(() => (opened = undefined))
      return opened
    },
    close() {
      opened?.then((own) => own.close()).catch(() => {})
    },
  }
}

async function openOwn(client: () => Promise<KdcClient>, settings: Omit<OpenDirectoryOptions, 'client'>) {
  const { openDirectory } = await import('@s4u/directory')
  const { principal, realm } = await client()
  // The keytab may have changed, so the client is asked for each time: its old keys sign in no
  // more.
  const ticketFor: KdcClient['ticketFor'] = async (spn, options) => (await client()).ticketFor(spn, options)
  return openDirectory({ client: { principal, realm, ticketFor }, ...settings })
}

/** Makes the error for a feature that needs a directory, if the options have none. */
export function withoutDirectory(what: string): ConfigurationError {
  return new ConfigurationError(`${what} needs a directory, and this negotiator has none`, {
    code: 'S4U_NO_DIRECTORY',
    hint: 'Write negotiate({ directory: true }), or give what openDirectory of @s4u/directory returns. A realm without a directory, such as that of s4u realm, has groups by SID alone.',
  })
}

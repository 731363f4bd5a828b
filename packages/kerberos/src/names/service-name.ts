import { hostname } from 'node:os'
import { asciiLower, MalformedTokenError, shownInput } from '@s4u/krb5'

/** The parts of a service name as callers of npm `kerberos` write it. */
export interface NamedService {
  /** `HTTP` */
  readonly type: string
  /** Absent where only the type was written, which stands for every host of a keytab. */
  readonly host?: string
  readonly realm?: string
  /** The host was written behind an `@`, and may be replaced by its canonical name. */
  readonly isHostBased: boolean
}

/**
 * Reads the name of a service: `HTTP@web.ad.test`, and what the package did not take on every
 * platform: `HTTP/web.ad.test`, and either of them with `@AD.TEST` behind.
 *
 * @throws MalformedTokenError
 */
export function parseService(text: string): NamedService {
  const { type, separator, host, realm } = FORM.exec(text)?.groups ?? {}
  if (type === undefined) throw noService(text)
  const isHostBased = separator !== '/'
  // As krb5_sname_to_principal does: hosts have small letters in the names of services.
  const named = host !== undefined && isHostBased ? asciiLower(host).replace(/\.$/, '') : host
  return { type, isHostBased, ...(named !== undefined && { host: named }), ...(realm !== undefined && { realm }) }
}

/** Returns the service principal name; a missing host is this machine. */
export function principalOf({ type, host = asciiLower(hostname()), realm }: NamedService): string {
  return `${type}/${host}${realm === undefined ? '' : `@${realm}`}`
}

/** Neither part has what separates parts, what escapes them, or what could act on a terminal. */
const FORM = /^(?<type>[^@/\\\s\p{C}]+)(?:(?<separator>[@/])(?<host>[^@\\\s\p{C}]+)(?:@(?<realm>[^@/\\\s\p{C}]+))?)?$/u

function noService(text: string): MalformedTokenError {
  return new MalformedTokenError({
    path: 'service',
    expected: 'a service and its host',
    found: text === '' ? 'an empty text' : shownInput(text),
    hint: 'Write HTTP@web.ad.test.',
  })
}

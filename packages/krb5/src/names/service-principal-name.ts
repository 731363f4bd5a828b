import { ConfigurationError, MalformedTokenError } from '../errors/errors.js'
import { shownInput } from '../errors/shown-input.js'
import { requireGiven } from '../options/given.js'
import { hostBasedService } from './host-based-name.js'

/**
 * The parts of a service principal name (SPN) as Active Directory writes it:
 * `class/host:port/name`. Source: MS-KILE section 3.1.5.11.
 */
export interface ServicePrincipalName {
  readonly serviceClass: string
  /** An IPv6 address stands in brackets. */
  readonly host: string
  readonly port?: number
  /** The instance of SQL Server, in place of a port: `MSSQLSvc/db.ad.test:PAYROLL`. */
  readonly instance?: string
  readonly serviceName?: string
}

/**
 * Reads the parts of a service principal name.
 *
 * @throws MalformedTokenError for a text that is not one, such as `HTTP@web.ad.test`
 *
 * @example
 * ```ts
 * import { parseSpn } from '@s4u/krb5'
 *
 * parseSpn('HTTP/web.ad.test:8080') // { serviceClass: 'HTTP', host: 'web.ad.test', port: 8080 }
 * ```
 */
export function parseSpn(text: string): ServicePrincipalName {
  requireGiven('a service principal name', text, 'text', "Write 'HTTP/web.ad.test'.")
  const spn = readSpn(text)
  if (spn === undefined) {
    const expected = 'class/host, class/host:port or class/host:port/name'
    const named = hostBasedService(text)
    const hint = named && `That is the form of GSS-API programs. Write ${named}.`
    throw new MalformedTokenError({ path: 'SPN', expected, found: shownInput(text), ...(hint && { hint }) })
  }
  return spn
}

/**
 * Writes the parts of a service principal name as text: the reverse of `parseSpn`.
 *
 * @throws ConfigurationError if the text would be read as other parts
 *
 * @example
 * ```ts
 * import { formatSpn } from '@s4u/krb5'
 *
 * formatSpn({ serviceClass: 'HTTP', host: 'web.ad.test' }) // 'HTTP/web.ad.test'
 * ```
 */
export function formatSpn({ serviceClass, host, port, instance, serviceName }: ServicePrincipalName): string {
  const detail = [port, instance].map((part) => (part === undefined ? '' : `:${part}`)).join('')
  const text = `${serviceClass}/${host}${detail}${serviceName === undefined ? '' : `/${serviceName}`}`
  const read = readSpn(text)
  const same = read?.serviceClass === serviceClass && read.host === host && read.serviceName === serviceName
  if (!same || read.port !== port || read.instance !== instance) {
    throw new ConfigurationError(`not the parts of a service principal name: ${shownInput(text)}`, {
      hint: 'No part may be empty or contain what separates the parts. A port or an instance stands behind the host, not both.',
    })
  }
  return text
}

function readSpn(text: string): ServicePrincipalName | undefined {
  const match = SPN.exec(text)
  if (match === null) return undefined
  const [, serviceClass, host, digits, instance, serviceName] = match
  const port = digits === undefined ? undefined : Number(digits)
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined
  return {
    serviceClass,
    host,
    ...(port !== undefined && { port }),
    ...(instance !== undefined && { instance }),
    ...(serviceName !== undefined && { serviceName }),
  }
}

const SPN = /^([^/:@\s]+)\/(\[[0-9A-Fa-f:.]+\]|[^/:@\s[\]]+)(?::(?:(\d+)|([^/:@\s]+)))?(?:\/([^@\s]+))?$/

/** Formats the lines of a trace, in the words of MIT's k5-trace.h. */

import { encryptionTypeName, krbErrorName, PaType, S4uError } from '@s4u/krb5'
import type { KdcEventSubject } from './kdc-event.js'
import type { ToldSubject } from './withheld-name.js'
import { formatKdcAddress, type KdcAddress } from '../configuration/kdc-address.js'
import { errorCodeIn } from '../errors/krb-error.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import { trace } from './trace.js'

export function traceBegin({ step, account, target, user }: KdcEventSubject): void {
  trace(() => {
    if (step === 'AS') return `Getting initial credentials for ${account}`
    if (step === 'TGS') return `Getting credentials ${account} -> ${target}`
    return `Getting credentials ${user ?? '(unknown)'} -> ${target} by ${step} as ${account}`
  })
}

export function traceTicket({ step, target }: KdcEventSubject, { sessionKey }: ServiceTicket): void {
  trace(() =>
    step === 'AS'
      ? `Decrypted AS reply; session key is: ${encryptionTypeName(sessionKey.etype)}`
      : `Received creds for desired service ${target}`,
  )
}

export function traceFailure({ step, account, target, isWithheld }: ToldSubject, error: unknown): void {
  trace(() => {
    const said = S4uError.is(error)
      ? `${error.code}${isWithheld ? '' : `: ${error.message}`}`
      : error instanceof Error
        ? error.name
        : 'failed'
    return step === 'AS' ? `Sign-in of ${account} failed: ${said}` : `No credentials for ${target}: ${said}`
  })
}

export function traceRequest(realm: string, { length }: Uint8Array): void {
  trace(() => `Sending request (${length} bytes) to ${realm}`)
}

/** The number of the first error in MIT's library (ERROR_TABLE_BASE_krb5). */
const MIT_ERROR_BASE = -1_765_328_384

export function traceReply(realm: string, answer: Uint8Array): void {
  trace(() => {
    const code = errorCodeIn(answer)
    if (code === undefined) return `Received reply (${answer.length} bytes) from ${realm}`
    return `Received error from KDC: ${MIT_ERROR_BASE + code}/${krbErrorName(code)}`
  })
}

type Protocol = 'udp' | 'tcp' | 'https'

const SOCKETS = { udp: 'dgram', tcp: 'stream', https: 'https' } as const

export function traceSending(protocol: Protocol, address: KdcAddress): void {
  const initial = protocol === 'udp' ? 'initial ' : ''
  trace(
    () => `Sending ${initial}${protocol.toUpperCase()} request to ${SOCKETS[protocol]} ${formatKdcAddress(address)}`,
  )
}

export function traceAnswer(protocol: Protocol, address: KdcAddress, { length }: Uint8Array): void {
  trace(() => `Received answer (${length} bytes) from ${SOCKETS[protocol]} ${formatKdcAddress(address)}`)
}

export function traceNoAnswer(protocol: Protocol, address: KdcAddress, reason: string): void {
  trace(
    () => `${protocol.toUpperCase()} error receiving from ${SOCKETS[protocol]} ${formatKdcAddress(address)}: ${reason}`,
  )
}

/** Traces that DNS is asked for a realm, or what DNS answered. */
export function traceLookup(realm: string, addresses?: readonly KdcAddress[]): void {
  trace(() => {
    if (addresses === undefined) return `Sending DNS URI and SRV queries for _kerberos.${realm}.`
    return addresses.length === 0
      ? `No KDC of ${realm} found in DNS`
      : `KDCs of ${realm} in DNS: ${addresses.map(formatKdcAddress).join(' ')}`
  })
}

export function tracePreauth(methods: readonly { readonly padataType: number }[]): void {
  trace(() => `Processing preauth types: ${methods.map(({ padataType }) => nameOfMethod(padataType)).join(', ')}`)
}

function nameOfMethod(padataType: number): string {
  const [name] = Object.entries(PaType).find(([, value]) => value === padataType) ?? []
  return name === undefined ? String(padataType) : `PA-${name.replace(/^PA_/, '').replaceAll('_', '-')} (${padataType})`
}

export function traceKey(etype: number, salt: string | undefined): void {
  trace(() => `Selected etype info: etype ${encryptionTypeName(etype)}, salt ${JSON.stringify(salt ?? '')}`)
}

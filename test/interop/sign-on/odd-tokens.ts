/** First tokens made of a real ticket, right or wrong in one respect. */

import { ContextFlag, encodeAuthenticatorChecksum, encodeNegTokenInit, frameKrb5Token, Mechanism } from '@s4u/gssapi'
import {
  AdType,
  ApOption,
  AuthorizationData,
  type Authenticator,
  type CachedCredential,
  decodeCcache,
  encode,
  formatPrincipal,
  Key,
  kerberosFlags,
  sealApReq,
} from '@s4u/krb5'
import { readFileSync } from 'node:fs'
import { type Login, runOk } from '../../realms/clients.js'

/** The ticket that kvno gets for a service. */
export async function ticketFor(login: Login, service: string): Promise<CachedCredential> {
  await runOk('kvno', ['-q', service], login)
  const { credentials } = decodeCcache(new Uint8Array(readFileSync(login.ccache)))
  const found = credentials.find(({ server }) => formatPrincipal(server).startsWith(service))
  if (found === undefined) throw new Error(`no ticket for ${service} in ${login.ccache}`)
  return found
}

export interface Oddity {
  readonly mutual?: boolean
  readonly flags?: number
  readonly channelBindings?: Uint8Array
  readonly authenticator?: Partial<Authenticator>
  readonly sealedWith?: Key
}

let count = 0

/** An AP-REQ, bare. */
export function apReqOf({ client, ticket, key }: CachedCredential, odd: Oddity = {}): Uint8Array {
  const { mutual = true, flags = 0, channelBindings } = odd
  const asked = ContextFlag.REPLAY | ContextFlag.INTEG | ContextFlag.CONF | flags | (mutual ? ContextFlag.MUTUAL : 0)
  const authenticator: Authenticator = {
    crealm: client.realm,
    cname: client.name,
    cksum: encodeAuthenticatorChecksum({ flags: asked, channelBindings }),
    ctime: Date.now(),
    cusec: count++ % 1_000,
    subkey: Key.random(key.etype),
    seqNumber: 1000,
    ...odd.authenticator,
  }
  const apOptions = kerberosFlags(...(mutual ? [ApOption.MUTUAL_REQUIRED] : []))
  return sealApReq({ apOptions, ticket, sessionKey: odd.sealedWith ?? key, authenticator })
}

/** Raw Kerberos. */
export const krb5Of = (credential: CachedCredential, odd?: Oddity): Uint8Array =>
  frameKrb5Token('ap-req', apReqOf(credential, odd))

/** Kerberos in SPNEGO, first of the mechanisms that are named. */
export function spnegoOf(
  mechToken: Uint8Array | undefined,
  parts: {
    readonly mechanisms?: readonly string[]
    readonly mechListMic?: Uint8Array
    readonly reqFlags?: Uint8Array
  } = {},
): Uint8Array {
  return encodeNegTokenInit({ mechanisms: [Mechanism.KRB5], mechToken, ...parts }).token
}

/** The client knows channel bindings and has bound none. MS-KILE section 3.2.5.8. */
export const AWARE_OF_BINDINGS: AuthorizationData = [
  {
    adType: AdType.IF_RELEVANT,
    adData: encode(AuthorizationData, [{ adType: AdType.AUTH_DATA_AP_OPTIONS, adData: Uint8Array.of(0, 0x40, 0, 0) }]),
  },
]

/** One bit changed, `fromEnd` octets before the end. */
export function flipped(token: Uint8Array, fromEnd: number): Uint8Array {
  const copy = token.slice()
  copy[copy.length - fromEnd] ^= 1
  return copy
}

/** The messages of SPNEGO. Source: RFC 4178 section 4.2, MS-SPNG section 2.2. */

import {
  type Codec,
  explicit,
  decode,
  DerFault,
  encode,
  field,
  OctetString,
  optional,
  sequence,
  sequenceOf,
} from '@s4u/krb5'
import { Mechanism, ObjectIdentifier } from '../framing/oids.js'
import { framed, type TokenWriter, written } from '../framing/token-framing.js'

/**
 * The list of mechanisms, with its octets as they were sent. mechListMIC is over these octets; to
 * encode the list again would give the same octets only if the sender's encoder was perfect.
 */
export interface MechTypeList {
  readonly mechanisms: readonly string[]
  readonly bytes: Uint8Array
}

/**
 * The initiator's first message.
 *
 *     NegTokenInit ::= SEQUENCE {
 *         mechTypes     [0] MechTypeList,            -- SEQUENCE OF OBJECT IDENTIFIER
 *         reqFlags      [1] ContextFlags OPTIONAL,   -- not protected, and ignored
 *         mechToken     [2] OCTET STRING OPTIONAL,
 *         mechListMIC   [3] OCTET STRING OPTIONAL,
 *         ...
 *     }
 *
 * A Windows acceptor that speaks first sends NegTokenInit2, which has negHints in place [3] and
 * mechListMIC in place [4].
 */
export interface NegTokenInit {
  readonly mechTypes: MechTypeList
  readonly reqFlags?: Uint8Array
  readonly mechToken?: Uint8Array
  readonly mechListMic?: Uint8Array
  /** The octets of NegHints, which say `not_defined_in_RFC4178@please_ignore`. */
  readonly negHints?: Uint8Array
}

/** The state of a negotiation that a NegTokenResp states. Source: RFC 4178 section 4.2.2. */
export type NegState = 'accept-completed' | 'accept-incomplete' | 'reject' | 'request-mic'

/**
 * Every later message, of either side.
 *
 *     NegTokenResp ::= SEQUENCE {
 *         negState       [0] ENUMERATED OPTIONAL,
 *         supportedMech  [1] MechType OPTIONAL,
 *         responseToken  [2] OCTET STRING OPTIONAL,
 *         mechListMIC    [3] OCTET STRING OPTIONAL,
 *         ...
 *     }
 */
export interface NegTokenResp {
  readonly negState?: NegState
  readonly supportedMech?: string
  readonly responseToken?: Uint8Array
  readonly mechListMic?: Uint8Array
}

/**
 * Decodes `NegotiationToken ::= CHOICE { negTokenInit [0], negTokenResp [1] }`, here [0], without
 * its framing. @throws MalformedTokenError
 *
 * @example
 * ```ts
 * import { decodeNegTokenInit, unframe } from '@s4u/gssapi'
 *
 * // The mechanisms that a client offers in its first token, by their object identifiers.
 * export function offeredIn(token: Uint8Array): readonly string[] {
 *   return decodeNegTokenInit(unframe(token).innerToken).mechTypes.mechanisms
 * }
 * ```
 */
export function decodeNegTokenInit(bytes: Uint8Array): NegTokenInit {
  const { mechTypes, reqFlags, mechToken, third = {}, fourth } = decode(NegTokenInitChoice, bytes)
  return {
    mechTypes,
    reqFlags,
    mechToken: mechToken instanceof Uint8Array ? mechToken : undefined,
    mechListMic: third.mechListMic ?? fourth,
    negHints: third.negHints,
  }
}

/**
 * Decodes the other branch, [1], which is never framed. @throws MalformedTokenError
 *
 * @example
 * ```ts
 * import { decodeNegTokenResp, encodeNegTokenResp } from '@s4u/gssapi'
 *
 * const token = encodeNegTokenResp({ negState: 'accept-completed' })
 * console.log(decodeNegTokenResp(token).negState) // accept-completed
 * ```
 */
export function decodeNegTokenResp(bytes: Uint8Array): NegTokenResp {
  const { negState, supportedMech, responseToken, mechListMic } = decode(NegTokenRespChoice, bytes)
  return {
    negState,
    supportedMech,
    responseToken: responseToken instanceof Uint8Array ? responseToken : undefined,
    mechListMic,
  }
}

/**
 * Returns a framed NegTokenInit, and the octets of its list for the MIC.
 *
 * @example
 * ```ts
 * import { decodeNegTokenInit, encodeNegTokenInit, Mechanism, unframe } from '@s4u/gssapi'
 *
 * const mechanisms = [Mechanism.KRB5]
 * const { token } = encodeNegTokenInit({ mechanisms, mechToken: Uint8Array.of(1, 2, 3) })
 * const { mechTypes, mechToken } = decodeNegTokenInit(unframe(token).innerToken)
 * console.log(mechTypes.mechanisms[0] === Mechanism.KRB5, mechToken?.length) // true 3
 * ```
 */
export function encodeNegTokenInit(
  init: Omit<NegTokenInit, 'mechTypes'> & { readonly mechanisms: readonly string[] },
): {
  readonly token: Uint8Array
  readonly mechTypes: MechTypeList
} {
  const { mechanisms, reqFlags, mechToken, mechListMic, negHints } = init
  const mechTypes = mechTypeList(mechanisms)
  const third = negHints === undefined ? { mechListMic } : { negHints }
  const token = framedInit({
    mechTypes,
    reqFlags,
    mechToken,
    ...(third.mechListMic !== undefined || negHints !== undefined ? { third } : {}),
    ...(negHints !== undefined && { fourth: mechListMic }),
  })
  return { token: written(token), mechTypes }
}

/** Returns a writer for a NegTokenInit. */
export function negTokenInitWith(mechTypes: MechTypeList, mechToken: TokenWriter): TokenWriter {
  return framedInit({ mechTypes, mechToken })
}

function framedInit(init: NegTokenInitOnWire): TokenWriter {
  return framed(Mechanism.SPNEGO, (writer) => NegTokenInitChoice.write(writer, init))
}

export function mechTypeList(mechanisms: readonly string[]): MechTypeList {
  return { mechanisms, bytes: encode(Mechanisms, mechanisms) }
}

/**
 * Returns a NegTokenResp in DER. Source: RFC 4178 section 4.2.2.
 *
 * @example
 * ```ts
 * import { encodeNegTokenResp, formatChallenge } from '@s4u/gssapi'
 *
 * // The header that ends a negotiation.
 * export const refusal = formatChallenge(encodeNegTokenResp({ negState: 'reject' }))
 * ```
 */
export function encodeNegTokenResp(resp: NegTokenRespOnWire): Uint8Array {
  return encode(NegTokenRespChoice, resp)
}

/** NegTokenInit and NegTokenInit2: field [3] tells which it is. */
interface NegTokenInitOnWire {
  readonly mechTypes: MechTypeList
  readonly reqFlags?: Uint8Array
  readonly mechToken?: Uint8Array | TokenWriter
  readonly third?: { readonly mechListMic?: Uint8Array; readonly negHints?: Uint8Array }
  readonly fourth?: Uint8Array
}

/** A NegTokenResp as it is sent: a writer may write its token. */
interface NegTokenRespOnWire extends Omit<NegTokenResp, 'responseToken'> {
  readonly responseToken?: Uint8Array | TokenWriter
}

const Mechanisms = sequenceOf(ObjectIdentifier, 1)

const MechTypes: Codec<MechTypeList> = {
  name: 'MechTypeList',
  tag: 0x30,
  read(reader) {
    const start = reader.position
    const mechanisms = Mechanisms.read(reader)
    return { mechanisms, bytes: reader.bytes.subarray(start, reader.position) }
  },
  write: (writer, { bytes }) => writer.octets(bytes),
}

/** The codec of a BIT STRING that is not read. Java sends one of 7 bits where the RFC says 32. */
const IgnoredBits: Codec<Uint8Array> = {
  name: 'ContextFlags',
  tag: 0x03,
  read: (reader) => reader.contents(0x03),
  write(writer, value) {
    const mark = writer.written
    writer.octets(value)
    writer.header(0x03, mark)
  },
}

const MicOrHints: Codec<NonNullable<NegTokenInitOnWire['third']>> = {
  name: 'mechListMIC or negHints',
  tag: 0x04,
  read(reader) {
    return reader.peek() === 0x30 ? { negHints: reader.contents(0x30) } : { mechListMic: OctetString.read(reader) }
  },
  write(writer, { mechListMic, negHints }) {
    const mark = writer.written
    writer.octets(mechListMic ?? negHints ?? new Uint8Array(0))
    writer.header(negHints === undefined ? 0x04 : 0x30, mark)
  },
}

const Token: Codec<Uint8Array | TokenWriter> = {
  name: OctetString.name,
  tag: OctetString.tag,
  read: (reader) => OctetString.read(reader),
  write(writer, value) {
    if (value instanceof Uint8Array) return OctetString.write(writer, value)
    const mark = writer.written
    value(writer)
    return writer.header(OctetString.tag, mark)
  },
}

const NegTokenInitChoice: Codec<NegTokenInitOnWire> = explicit(
  0,
  'NegTokenInit',
  sequence<NegTokenInitOnWire>(
    'NegTokenInit',
    {
      mechTypes: field(0, MechTypes),
      reqFlags: optional(1, IgnoredBits),
      mechToken: optional(2, Token),
      third: optional(3, MicOrHints),
      fourth: optional(4, OctetString),
    },
    { extensible: true },
  ),
)

const STATES: readonly NegState[] = ['accept-completed', 'accept-incomplete', 'reject', 'request-mic']

const NegStateCodec: Codec<NegState> = {
  name: 'negState',
  tag: 0x0a,
  read(reader) {
    const contents = reader.contents(0x0a)
    // An empty value is checked for: other parsers read past the end here.
    const state = contents.length === 1 ? STATES[contents[0]] : undefined
    if (state === undefined) {
      throw new DerFault(
        'an ENUMERATED 0..3',
        contents.length === 1 ? String(contents[0]) : `${contents.length} octets`,
      )
    }
    return state
  },
  write(writer, value) {
    const mark = writer.written
    writer.octet(STATES.indexOf(value))
    writer.header(0x0a, mark)
  },
}

const NegTokenRespChoice: Codec<NegTokenRespOnWire> = explicit(
  1,
  'NegTokenResp',
  sequence<NegTokenRespOnWire>(
    'NegTokenResp',
    {
      negState: optional(0, NegStateCodec),
      supportedMech: optional(1, ObjectIdentifier),
      responseToken: optional(2, Token),
      mechListMic: optional(3, OctetString),
    },
    { extensible: true },
  ),
)

import { ConfigurationError, MalformedTokenError } from '@s4u/krb5'
import { octetsOfText, octetsOfToken } from '../../../packages/kerberos/src/messages/base64.js'
import { saslChoice } from '../../../packages/kerberos/src/messages/sasl-choice.js'
import { parseService, principalOf } from '../../../packages/kerberos/src/names/service-name.js'
import { type Decoder, decoder } from '../decoder.js'
import { fromHex } from '../inputs/seeds.js'

const octetsOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** What servers, and programs with what they were sent, hand to the API of npm `kerberos`. */
export const dropInDecoders: readonly Decoder[] = [
  decoder('tokens in base64', ['YIIC', 'YWI=', 'challenge'].map(octetsOf), (bytes) => {
    const whole = octetsOfToken('challenge', textOf(bytes))
    if (octetsOfText('challenge', textOf(bytes)).length !== whole.length) throw new Error('two readings of one text')
  }),
  decoder('services of GSS-API', ['HTTP@web.ad.test', 'HTTP/web.ad.test@AD.TEST', 'HTTP'].map(octetsOf), (bytes) => {
    const named = parseService(textOf(bytes))
    const spn = principalOf(named)
    if (named.host !== undefined && principalOf(parseService(spn)) !== spn) throw new Error(`${spn} is read as another`)
  }),
  decoder(
    'offers of SASL',
    ['0700ffff', '01000000'].map(fromHex),
    (bytes) => {
      const choice = saslChoice(bytes, 'alice@AD.TEST')
      if (choice[0] !== 1 || choice.length !== 17) throw new Error('a choice that was not offered')
    },
    [MalformedTokenError, ConfigurationError],
  ),
]

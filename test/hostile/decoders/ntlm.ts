import { ByteReader, MalformedTokenError, NdrReader, NdrWriter, RejectedTokenError } from '@s4u/krb5'
import { mapReply } from '../../../packages/ntlm/src/fixtures/fake-controller.js'
import { authenticateTo, negotiateOf, type NtlmClientOptions } from '../../../packages/ntlm/src/fixtures/ntlm-client.js'
import { decodeAuthenticateMessage } from '../../../packages/ntlm/src/messages/authenticate-message.js'
import { readAvPairs } from '../../../packages/ntlm/src/messages/av-pairs.js'
import {
  decodeChallengeMessage,
  encodeChallengeMessage,
  targetInfoOf,
} from '../../../packages/ntlm/src/messages/challenge-message.js'
import { decodeNegotiateMessage } from '../../../packages/ntlm/src/messages/negotiate-message.js'
import { decodeNtlmv2Response } from '../../../packages/ntlm/src/messages/ntlmv2-response.js'
import { decodeMapReply } from '../../../packages/ntlm/src/netlogon/endpoint-mapper.js'
import { decodeLogon, type LogonReply, type LogonRequest } from '../../../packages/ntlm/src/netlogon/logon-call.js'
import {
  decodeAuthenticate3,
  decodeAuthenticateKerberos,
  decodeCapabilities,
} from '../../../packages/ntlm/src/netlogon/netlogon-calls.js'
import { readValidation } from '../../../packages/ntlm/src/netlogon/validation-info.js'
import { NetlogonUnreachableError } from '../../../packages/ntlm/src/errors.js'
import { DomainControllers } from '../../../packages/ntlm/src/controllers/domain-controllers.js'
import { ControllerJudgedAcceptor } from '../../../packages/ntlm/src/ntlm-acceptor.js'
import { readNtlmOptions } from '../../../packages/ntlm/src/ntlm-options.js'
import { ntowfv2, sessionBaseKey } from '../../../packages/ntlm/src/response/ntlmv2-keys.js'
import { type Decoder, decoder } from '../decoder.js'

const NT_HASH = new Uint8Array(16)
const NAMES = { domain: 'CORP', computer: 'WEB01', dnsDomain: 'corp.test', dnsComputer: 'web01.corp.test' }
const targetInfo = targetInfoOf(NAMES, 0)
const CHALLENGE = encodeChallengeMessage(
  { flags: 0xe289_8235, serverChallenge: new Uint8Array(8).fill(7), targetInfo },
  'CORP',
)
const AUTHENTICATE = authenticateTo(negotiateOf(), CHALLENGE, { ntHash: NT_HASH })

/** A domain controller that lets in whoever comes: what is before it, and behind, must refuse. */
class Credulous extends DomainControllers {
  override async logon({ user, domain, ntResponse }: LogonRequest): Promise<LogonReply> {
    const { info, ...reply } = decodeLogon(logonReply(), 6)
    const sessionKey = sessionBaseKey(ntowfv2(NT_HASH, user, domain), ntResponse.subarray(0, 16))
    return { ...reply, info: info && { ...info, sessionKey } }
  }
}

const NOW = Date.UTC(2026, 10, 30)
const acceptor = new ControllerJudgedAcceptor({
  settings: readNtlmOptions({
    ...{ domain: 'CORP', dnsDomain: 'corp.test', domainSid: 'S-1-5-21-1-2-3', controllers: 'dc1' },
    account: { name: 'WEB01$', password: 'x' },
  }),
  controllers: new Credulous([], 1_000, () => NOW),
  now: () => NOW,
  random: (length) => new Uint8Array(length).fill(7),
})
const ours = acceptor.challenge(negotiateOf(), {})
const comeWith = (options: Partial<NtlmClientOptions>): Uint8Array =>
  authenticateTo(negotiateOf(), ours, { ntHash: NT_HASH, ...options })

/** What clients of NTLM send, and what a domain controller answers. */
export const ntlmDecoders: readonly Decoder[] = [
  decoder('NTLM NEGOTIATE', [negotiateOf()], decodeNegotiateMessage),
  decoder('NTLM handshake, first message', [negotiateOf()], (bytes) => acceptor.challenge(bytes, {})),
  decoder(
    'NTLM handshake, last message',
    [comeWith({ mic: 'none' }), comeWith({})],
    async (bytes) => {
      const connection = {}
      acceptor.challenge(negotiateOf(), connection)
      await acceptor.open(bytes, connection, { channelBindings: [new Uint8Array(32)] }).verify()
    },
    [MalformedTokenError, RejectedTokenError],
  ),
  decoder('NTLM CHALLENGE', [CHALLENGE], decodeChallengeMessage),
  decoder('NTLM AUTHENTICATE', [AUTHENTICATE], decodeAuthenticateMessage),
  decoder('NTLMv2 response', [decodeAuthenticateMessage(AUTHENTICATE).ntResponse], decodeNtlmv2Response, [
    MalformedTokenError,
    RejectedTokenError,
  ]),
  decoder('NTLM target information', [targetInfo], (bytes) => readAvPairs(new ByteReader(bytes, 'TargetInfo'))),
  decoder('ept_map', [mapReply(49_152)], (bytes) => decodeMapReply(bytes, 'dc1'), [
    MalformedTokenError,
    NetlogonUnreachableError,
  ]),
  decoder('NetrServerAuthenticate3', [new Uint8Array(20)], decodeAuthenticate3),
  decoder('NetrServerAuthenticateKerberos', [new Uint8Array(12)], decodeAuthenticateKerberos),
  decoder('NetrLogonGetCapabilities', [new Uint8Array(24)], decodeCapabilities),
  decoder('NetrLogonSamLogonEx', [logonReply()], (bytes) => decodeLogon(bytes, 6)),
  decoder('NETLOGON_VALIDATION_SAM_INFO4', [validation()], (bytes) =>
    NdrReader.stub(bytes, 'SAM_INFO4', (ndr) => readValidation(ndr, 6)),
  ),
]

function logonReply(): Uint8Array {
  return NdrWriter.stub((ndr) => ndr.u16(6).pointer(true).align(4).bytes(validation()).u8(1).u32(0).u32(0))
}

/** What a controller says of alice, who is in two groups and has one SID more. */
function validation(): Uint8Array {
  const strings = (ndr: NdrWriter, texts: readonly string[]): void => {
    for (const text of texts) ndr.unicodeStringHeader(text)
  }
  const names = ['alice', 'Alice', '', '', '', '']
  const last = ['corp.test', 'alice@corp.test', '', '', '', '', '', '', '', '', '', '']
  return NdrWriter.stub((ndr) => {
    for (let time = 0; time < 6; time++) ndr.filetime(1n)
    strings(ndr, names)
    ndr.u16(1).u16(0).u32(1104).u32(513).u32(2).pointer(true).u32(0x20).bytes(new Uint8Array(16).fill(9))
    strings(ndr, ['DC1', 'CORP'])
    ndr.pointer(true)
    for (let room = 0; room < 10; room++) ndr.u32(0)
    ndr.u32(1).pointer(true)
    strings(ndr, last)
    for (const name of names) ndr.unicodeString(name)
    ndr.u32(2).u32(513).u32(7).u32(1110).u32(0x10)
    ndr.unicodeString('DC1').unicodeString('CORP').sid('S-1-5-21-1-2-3')
    ndr.u32(1).pointer(true).u32(7).sid('S-1-18-1')
    for (const name of last) ndr.unicodeString(name)
  })
}

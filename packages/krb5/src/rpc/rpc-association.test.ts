import { describe, expect, test } from 'vitest'
import { RejectedTokenError } from '../errors/errors.js'
import { RpcAssociation, type RpcTransport } from './rpc-association.js'
import { decodeRpcPdu, encodeRpcPdu, RpcFlag, type RpcPdu, RpcPduType, rpcFragmentLength } from './rpc-pdu.js'
import type { RpcFragment, RpcProtection } from './rpc-protection.js'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'))
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const WHOLE = RpcFlag.FIRST | RpcFlag.LAST
const NETLOGON = { interfaceId: '12345678-1234-abcd-ef00-01234567cffb', version: 1 }

/** bind_ack of one accepted context: fragments of 4,280, no address. C706 section 12.6.4.4. */
const ACCEPTED = hex('b810b810 01000000 0100 00 00 01000000 0000 0000 045d888aeb1cc9119fe808002b104860 02000000')

type Answer = (asked: RpcPdu) => readonly (RpcPdu | Uint8Array)[]

/** A server that answers each whole call as it is told, after its bind. */
function server(onCall: Answer, onBind: Answer = (bind) => [ack(bind)]): RpcTransport & { sent: RpcPdu[] } {
  const sent: RpcPdu[] = []
  const queue: Uint8Array[] = []
  const answer = (asked: RpcPdu): void => {
    if ((asked.flags & RpcFlag.LAST) === 0) return
    const isBind = asked.type === RpcPduType.BIND || asked.type === RpcPduType.ALTER_CONTEXT
    const replies = (isBind ? onBind : onCall)(asked)
    queue.push(...replies.map((reply) => (reply instanceof Uint8Array ? reply : encodeRpcPdu(reply))))
  }
  return {
    sent,
    async send(pdu) {
      sent.push(decodeRpcPdu(pdu))
      answer(decodeRpcPdu(pdu))
    },
    async receive() {
      const next = queue.shift()
      if (next === undefined) throw new RejectedTokenError('closed', { code: 'ETIMEDOUT' })
      return next
    },
  }
}

function ack({ callId, flags, verifier }: RpcPdu, changes: Partial<RpcPdu> = {}): RpcPdu {
  return { type: RpcPduType.BIND_ACK, flags, callId, body: ACCEPTED, verifier, ...changes }
}

function response(callId: number, stub: string, flags: number = WHOLE, context = '0000'): RpcPdu {
  const body = hex(`00000000${context}0000${stub}`)
  return { type: RpcPduType.RESPONSE, flags, callId, body, verifier: undefined }
}

/** Turns each octet over, and counts; enough to see what is given to a real one. */
class Flipping implements RpcProtection {
  readonly type = 68
  readonly bindToken = hex('0a0b')
  readonly tokenLength = 4
  readonly sealedFragments: RpcFragment[] = []
  acceptBind(token: Uint8Array): Uint8Array | undefined {
    if (hexOf(token) !== '0a0b') throw new RejectedTokenError('another token', { code: 'GSS_S_DEFECTIVE_TOKEN' })
    return undefined
  }
  seal(fragment: RpcFragment) {
    this.sealedFragments.push(fragment)
    return { sealed: flip(fragment.message), token: hex('01020304') }
  }
  open({ message }: RpcFragment, token: Uint8Array): Uint8Array {
    if (hexOf(token) !== '01020304') throw new RejectedTokenError('forged', { code: 'KRB_AP_ERR_MODIFIED' })
    return flip(message)
  }
}

const flip = (octets: Uint8Array): Uint8Array => octets.map((octet) => octet ^ 0xff)
const SEALED = { type: 68, level: 6, paddingLength: 14, contextId: 1, token: hex('01020304') }
const sealedResponse = (callId: number, verifier: RpcPdu['verifier'] = SEALED): RpcPdu => ({
  ...response(callId, 'fefd' + 'ff'.repeat(14)),
  verifier,
})

describe('a call in clear', () => {
  test('is written as C706 says, after a bind', async () => {
    const transport = server(({ callId }) => [response(callId, 'aabb')])
    const association = await RpcAssociation.bind(transport, NETLOGON)
    expect(hexOf(await association.call(4, hex('0102')))).toBe('aabb')
    const [bind, request] = transport.sent
    expect(hexOf(encodeRpcPdu(bind))).toBe(
      hexOf(
        hex(`05000b03 10000000 4800 0000 01000000 b810 b810 00000000 01000000 0000 0100
          78563412 3412 cdab ef0001234567cffb 01000000 045d888aeb1cc9119fe808002b104860 02000000`),
      ),
    )
    expect(request).toMatchObject({ type: RpcPduType.REQUEST, flags: WHOLE, callId: 2, verifier: undefined })
    expect(hexOf(request.body)).toBe('02000000000004000102')
  })

  test('waits for the one before', async () => {
    const transport = server(({ callId, body }) => [response(callId, hexOf(body.subarray(8)))])
    const association = await RpcAssociation.bind(transport, NETLOGON)
    const calls = await Promise.all(['01', '02', '03'].map((stub) => association.call(1, hex(stub))))
    expect(calls.map(hexOf)).toEqual(['01', '02', '03'])
  })

  test('is cut into fragments that the server takes', async () => {
    const transport = server(({ callId }) => [response(callId, '00')])
    const association = await RpcAssociation.bind(transport, NETLOGON)
    await association.call(1, new Uint8Array(6000))
    const requests = transport.sent.slice(1)
    expect(requests.map(({ flags, body }) => [flags, body.length - 8])).toEqual([
      [RpcFlag.FIRST, 4256],
      [RpcFlag.LAST, 1744],
    ])
  })

  test('gets the fragments of its reply together', async () => {
    const transport = server(({ callId }) => [
      response(callId, '01', RpcFlag.FIRST),
      response(callId, '02', 0),
      response(callId, '03', RpcFlag.LAST),
    ])
    const association = await RpcAssociation.bind(transport, NETLOGON)
    expect(hexOf(await association.call(1, hex('')))).toBe('010203')
  })

  test('that ends in a fault leaves the association usable', async () => {
    let times = 0
    const fault = (callId: number): RpcPdu => ({
      ...response(callId, '05000000 00000000'),
      type: RpcPduType.FAULT,
    })
    const transport = server(({ callId }) => [times++ === 0 ? fault(callId) : response(callId, '01')])
    const association = await RpcAssociation.bind(transport, NETLOGON)
    await expect(association.call(9, hex(''))).rejects.toMatchObject({
      name: 'RpcFaultError',
      code: 'RPC_FAULT',
      fault: 5,
      status: 502,
      message: 'the RPC server refused call 9 with 0x00000005',
      didNotExecute: false,
    })
    expect(hexOf(await association.call(9, hex('')))).toBe('01')
  })
})

test('a fault says whether the call was done', async () => {
  const flags = RpcFlag.FIRST | RpcFlag.LAST | RpcFlag.DID_NOT_EXECUTE
  const transport = server(({ callId }) => [
    { ...response(callId, '05000000 00000000', flags), type: RpcPduType.FAULT },
  ])
  const association = await RpcAssociation.bind(transport, NETLOGON)
  await expect(association.call(9, hex(''))).rejects.toMatchObject({ code: 'RPC_FAULT', didNotExecute: true })
})

describe('a lying server', () => {
  test.each<[string, Answer, string]>([
    ['answers another call', ({ callId }) => [response(callId + 1, '')], 'RPC.call_id: expected 2, found 3'],
    [
      'answers in another context',
      ({ callId }) => [response(callId, '', WHOLE, '0100')],
      'RPC.response.p_cont_id: expected 0, found 1',
    ],
    [
      'begins in the middle',
      ({ callId }) => [response(callId, '', RpcFlag.LAST)],
      'RPC.response.pfc_flags: expected fragments in order, found another',
    ],
    [
      'begins twice',
      ({ callId }) => [response(callId, '', RpcFlag.FIRST), response(callId, '')],
      'RPC.response.pfc_flags: expected fragments in order, found another',
    ],
    [
      'sends a request',
      ({ callId }) => [{ ...response(callId, ''), type: RpcPduType.REQUEST }],
      'RPC.PTYPE: expected response, found 0',
    ],
    [
      'sends too long a fragment',
      ({ callId }) => [response(callId, '00'.repeat(5000))],
      'RPC.frag_length: expected at most 4280 octets, found 5024',
    ],
    [
      'sends more than one asks for',
      ({ callId }) => [
        response(callId, '00', RpcFlag.FIRST),
        ...Array.from({ length: 300 }, () => response(callId, '00'.repeat(4000), 0)),
      ],
      'RPC.response.stub: expected at most 1048576 octets, found 1052001',
    ],
    [
      'sends fragments without end',
      ({ callId }) => [
        response(callId, '', RpcFlag.FIRST),
        ...Array.from({ length: 5000 }, () => response(callId, '', 0)),
      ],
      'RPC.response.stub: expected at most 4096 fragments, found more',
    ],
    [
      'signs what was in clear',
      ({ callId }) => [sealedResponse(callId)],
      'RPC.response.sec_trailer: expected no verifier, found one',
    ],
  ])('that %s is refused, for good', async (_what, onCall, message) => {
    const association = await RpcAssociation.bind(server(onCall), NETLOGON)
    await expect(association.call(1, hex(''))).rejects.toMatchObject({ message, status: 502 })
    expect(association.isUsable).toBe(false)
    await expect(association.call(1, hex(''))).rejects.toMatchObject({ message })
  })

  test.each<[string, Answer, string]>([
    [
      'refuses the interface',
      (bind) => [ack(bind, { body: hex(hexOf(ACCEPTED).replace('0000000004', '0200010004')) })],
      'RPC.bind_ack.result: expected one accepted context, found 1, 2 (1)',
    ],
    [
      'chooses another encoding',
      (bind) => [ack(bind, { body: hex(hexOf(ACCEPTED).replace('045d', '055d')) })],
      'RPC.bind_ack.transfer_syntax: expected NDR, found another',
    ],
    [
      'takes no fragments of a size',
      (bind) => [ack(bind, { body: hex(hexOf(ACCEPTED).replace('b810b810', 'b8100100')) })],
      'RPC.bind_ack.max_recv_frag: expected at least 1432, found 1',
    ],
    [
      'answers a bind as if it were a call',
      (bind) => [response(bind.callId, '')],
      'RPC.PTYPE: expected bind_ack, found 2',
    ],
    [
      'refuses the bind',
      (bind) => [ack(bind, { type: RpcPduType.BIND_NAK, body: hex('0800') })],
      'the RPC server refused the bind with 0x00000008',
    ],
  ])('that %s gets no call', async (_what, onBind, message) => {
    const bound = RpcAssociation.bind(
      server(() => [], onBind),
      NETLOGON,
    )
    await expect(bound).rejects.toMatchObject({ message, status: 502 })
  })
})

describe('a sealed call', () => {
  const bindSealed = (onCall: Answer, onBind?: Answer) => {
    const protection = new Flipping()
    const transport = server(onCall, onBind)
    return { protection, transport, bound: RpcAssociation.bind(transport, { ...NETLOGON, protection }) }
  }

  test('is padded, and covered with the header that is sent', async () => {
    const { protection, transport, bound } = bindSealed(({ callId }) => [sealedResponse(callId)])
    expect(hexOf(await (await bound).call(39, hex('0102')))).toBe('0102')
    const [bind, request] = transport.sent
    expect(bind).toMatchObject({ flags: 7, verifier: { type: 68, level: 6, paddingLength: 0, token: hex('0a0b') } })
    expect(request.verifier).toEqual(SEALED)
    const [{ header, message, trailer }] = protection.sealedFragments
    expect(hexOf(header)).toBe(hexOf(encodeRpcPdu(request).subarray(0, 24)))
    expect([hexOf(message), hexOf(trailer)]).toEqual([`0102${'00'.repeat(14)}`, '44060e0001000000'])
  })

  test.each<[string, Answer, string]>([
    ['a reply in clear', ({ callId }) => [response(callId, '01')], 'expected a verifier, found none'],
    [
      'a reply that is only signed',
      ({ callId }) => [sealedResponse(callId, { ...SEALED, level: 5 })],
      'expected provider 68, level 6, found 68, 5',
    ],
    [
      'a reply of another provider',
      ({ callId }) => [sealedResponse(callId, { ...SEALED, type: 10 })],
      'expected provider 68, level 6, found 10, 6',
    ],
    ['a forged reply', ({ callId }) => [sealedResponse(callId, { ...SEALED, token: hex('01020305') })], 'forged'],
  ])('refuses %s', async (_what, onCall, message) => {
    const association = await bindSealed(onCall).bound
    await expect(association.call(1, hex(''))).rejects.toMatchObject({ message: expect.stringContaining(message) })
    expect(association.isUsable).toBe(false)
  })

  test('ends with a fault, since the numbers of both sides differ then', async () => {
    const { bound } = bindSealed(({ callId }) => [{ ...response(callId, '2107000000000000'), type: RpcPduType.FAULT }])
    const association = await bound
    await expect(association.call(1, hex(''))).rejects.toMatchObject({ fault: 0x721 })
    expect(association.isUsable).toBe(false)
  })

  test.each<[string, Answer, string]>([
    [
      'without a verifier',
      (bind) => [ack(bind, { verifier: undefined })],
      'RPC.auth_length: expected a verifier, found none',
    ],
    [
      'that signs no headers',
      (bind) => [ack(bind, { flags: WHOLE })],
      'RPC.pfc_flags: expected signed headers, found none',
    ],
    [
      'of a lower level',
      (bind) => [ack(bind, { verifier: { ...SEALED, paddingLength: 0, level: 2 } })],
      'RPC.sec_trailer: expected provider 68, level 6, found 68, 2',
    ],
    ['with another token', (bind) => [ack(bind, { verifier: { ...SEALED, paddingLength: 0 } })], 'another token'],
  ])('is not made after a bind %s', async (_what, onBind, message) => {
    await expect(bindSealed(() => [], onBind).bound).rejects.toMatchObject({ message })
  })
})

describe('a PDU', () => {
  test.each([
    ['another version', '0400', 'RPC.version: expected 5.0, found 4.0'],
    ['another byte order', '0500020300000000', 'RPC.drep: expected little-endian, ASCII, IEEE, found 0x0'],
    ['a length below its header', '05000203100000000f00', 'RPC.frag_length: expected at least 16, found 15'],
  ])('with %s is refused', (_what, octets, message) => {
    expect(() => rpcFragmentLength(hex(octets))).toThrow(message)
  })

  test.each([
    [
      'another length than it has',
      '0500020310000000110000000100 0000',
      'RPC.frag_length: expected 16 octets, found 17',
    ],
    [
      'a verifier longer than itself',
      `0500020310000000180009000100 0000${'00'.repeat(8)}`,
      'RPC.auth_length: expected at most 0, found 9',
    ],
    [
      'more padding than octets',
      '05000203100000001900010001000000 4406020001000000 00',
      'RPC.auth_pad_length: expected at most 0, found 2',
    ],
  ])('with %s is refused', (_what, octets, message) => {
    expect(() => decodeRpcPdu(hex(octets))).toThrow(message)
  })
})

test('a sealed answer on one association is none on another with the same key', async () => {
  // Each counts its fragments from the beginning: what tells them apart is the signed header.
  const recorded: RpcPdu[] = []
  const first = server(({ callId }) => {
    recorded.push(sealedResponse(callId))
    return recorded
  })
  const second = server(() => recorded)
  const [alices, mallorys] = [first, second].map((transport) =>
    RpcAssociation.bind(transport, { ...NETLOGON, protection: new Flipping() }),
  )
  expect(hexOf(await (await alices).call(39, hex('01')))).toBe('0102')
  await expect((await mallorys).call(39, hex('02'))).rejects.toMatchObject({ path: 'RPC.call_id' })
})

describe('a bind of three legs', () => {
  /** As Kerberos: the answer to the first token is a second one. */
  class ThreeLegs extends Flipping {
    override acceptBind(token: Uint8Array): Uint8Array | undefined {
      super.acceptBind(token)
      return hex('0c0d')
    }
  }
  const ALTERED: Partial<RpcPdu> = { type: RpcPduType.ALTER_CONTEXT_RESP, verifier: undefined }
  const answering =
    (changes: Partial<RpcPdu>): Answer =>
    (asked) => [ack(asked, asked.type === RpcPduType.BIND ? {} : changes)]

  test('sends the last token by alter_context, and then calls', async () => {
    const transport = server(({ callId }) => [sealedResponse(callId)], answering(ALTERED))
    const association = await RpcAssociation.bind(transport, { ...NETLOGON, protection: new ThreeLegs() })
    expect(hexOf(await association.call(4, hex('0102')))).toBe('0102')
    const [bind, third] = transport.sent
    expect(third).toEqual({
      ...bind,
      type: RpcPduType.ALTER_CONTEXT,
      verifier: { ...bind.verifier, token: hex('0c0d') },
    })
  })

  test('takes an empty verifier as the end', async () => {
    const verifier = { ...SEALED, paddingLength: 0, token: new Uint8Array(0) }
    const transport = server(() => [], answering({ ...ALTERED, verifier }))
    await expect(RpcAssociation.bind(transport, { ...NETLOGON, protection: new ThreeLegs() })).resolves.toBeInstanceOf(
      RpcAssociation,
    )
  })

  test.each<[string, Partial<RpcPdu>, object]>([
    ['a further token', { type: 15 }, { message: 'RPC.auth_value: expected nothing more, found 2 octets' }],
    ['another type of answer', { type: 12 }, { message: 'RPC.PTYPE: expected alter_context_resp, found 12' }],
    ['a refusal', { type: 3, body: hex('0000000000000000 05000000 00000000') }, { code: 'RPC_BIND_REFUSED' }],
    ['another call', { ...ALTERED, callId: 9 }, { message: 'RPC.call_id: expected 1, found 9' }],
    [
      'a context that is not accepted',
      { ...ALTERED, body: hex(hexOf(ACCEPTED).replace('01000000000000', '01000000020001')) },
      { code: 'GSS_S_DEFECTIVE_TOKEN' },
    ],
  ])('is refused where the last answer is %s', async (_what, changes, refusal) => {
    const transport = server(() => [], answering(changes))
    const bound = RpcAssociation.bind(transport, { ...NETLOGON, protection: new ThreeLegs() })
    await expect(bound).rejects.toMatchObject({ ...refusal, status: 502 })
  })
})

import { ByteReader, ByteWriter, NdrReader, NdrWriter, RpcAssociation } from '@s4u/krb5'
import { NetlogonUnreachableError } from '../errors.js'
import { NETLOGON } from './netlogon-calls.js'
import { type RpcEndpoint, RpcSocket } from './rpc-socket.js'

/** The endpoint mapper. C706 appendix O. */
const MAPPER = { interfaceId: 'e1af8308-5d1f-11c9-91a4-08002b14a0fa', version: 3 }
const MAP = 3

/**
 * Asks the endpoint mapper for the TCP port of NETLOGON. Its answer is not protected; a port of
 * somebody else's cannot know the key of the machine account.
 *
 * @throws NetlogonUnreachableError, MalformedTokenError, RpcFaultError
 */
export async function findNetlogonPort(mapper: RpcEndpoint, signal: AbortSignal): Promise<number> {
  const socket = await RpcSocket.open(mapper, signal)
  try {
    return await socket.within(signal, async () => {
      const association = await RpcAssociation.bind(socket, MAPPER)
      return decodeMapReply(await association.call(MAP, encodeMapRequest()), mapper.host)
    })
  } finally {
    socket.close()
  }
}

/** ept_map: which towers has the interface NETLOGON? C706 appendix O. */
export function encodeMapRequest(): Uint8Array {
  const tower = towerOf(0)
  return NdrWriter.stub((ndr) => {
    ndr.pointer(true).bytes(new Uint8Array(16)).pointer(true)
    ndr.u32(tower.length).u32(tower.length).bytes(tower)
    ndr.align(4).bytes(new Uint8Array(20)).u32(MAX_TOWERS)
  })
}

/** @throws NetlogonUnreachableError where no tower has a TCP port, MalformedTokenError */
export function decodeMapReply(stub: Uint8Array, host: string): number {
  const ports = NdrReader.stub(stub, 'ept_map', (ndr) => {
    ndr.bytes(20, 'entry_handle')
    const count = ndr.u32('num_towers')
    const maximum = ndr.u32('max_count')
    const offset = ndr.u32('offset')
    const actual = ndr.u32('actual_count')
    if (offset !== 0 || actual !== count || count > maximum || count > MAX_TOWERS)
      ndr.fail('num_towers', `at most ${MAX_TOWERS}, and no more than there are`, String(count))
    const present = Array.from({ length: count }, () => ndr.pointer('towers'))
    const towers = present.filter(Boolean).map(() => readTower(ndr))
    ndr.u32('status')
    return towers
  })
  const port = ports.find((one) => one !== undefined)
  if (port !== undefined) return port
  throw new NetlogonUnreachableError(`${host} offers no NETLOGON over TCP`, {
    code: 'RPC_FAULT',
    hint: 'Name a domain controller: other machines do not judge responses.',
  })
}

function readTower(ndr: NdrReader): number | undefined {
  const length = ndr.u32('tower_length')
  ndr.conformance(length, 1, 'tower')
  return portOf(ndr.bytes(length, 'tower'))
}

/** Returns the port in the fourth floor of a tower over TCP. C706 appendix L. */
function portOf(tower: Uint8Array): number | undefined {
  const reader = new ByteReader(tower, 'tower')
  const floors = reader.u16le('floors')
  for (let floor = 0; floor < Math.min(floors, MAX_FLOORS); floor++) {
    const left = reader.bytes(reader.u16le('lhs'), 'lhs')
    const right = reader.bytes(reader.u16le('rhs'), 'rhs')
    if (left[0] === PROTOCOL_TCP && right.length === 2) return (right[0] << 8) | right[1]
  }
  return undefined
}

/** The tower of NETLOGON in NDR over TCP and IP. C706 appendix L. */
function towerOf(port: number): Uint8Array {
  const writer = new ByteWriter().u16le(5)
  for (const { uuid, version } of [NETLOGON_SYNTAX, NDR_SYNTAX])
    writer.u16le(19).u8(0x0d).bytes(uuid).u16le(version).u16le(2).u16le(0)
  writer.u16le(1).u8(0x0b).u16le(2).u16le(0)
  writer.u16le(1).u8(PROTOCOL_TCP).u16le(2).u16be(port)
  return writer.u16le(1).u8(0x09).u16le(4).u32be(0).toBytes()
}

const PROTOCOL_TCP = 0x07
/** The most addresses of one service: a controller has one for each protocol. */
const MAX_TOWERS = 8
/** The most parts of one address; there are five. C706 appendix L. */
const MAX_FLOORS = 8
const hex = (text: string): Uint8Array => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
/** UUIDs as they stand in messages. */
const NETLOGON_SYNTAX = { uuid: hex('785634123412cdabef0001234567cffb'), version: NETLOGON.version }
const NDR_SYNTAX = { uuid: hex('045d888aeb1cc9119fe808002b104860'), version: 2 }

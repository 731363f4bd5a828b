import { RpcFlag, rpcFragmentLength, RpcPduType } from '@s4u/krb5'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { findNetlogonPort } from '../../../packages/ntlm/src/netlogon/endpoint-mapper.js'

/** What becomes of the controller's answer to a response. */
export type Lie = 'none' | 'a fault' | 'a fault that says that nothing was done' | 'silence' | 'the end'

/** Somebody between a member and its controller, who lets the controller judge, and then lies. */
export interface FaultingRelay extends AsyncDisposable {
  readonly address: string
  lie: Lie
  /** The most connections to the controller that were open at the same time. */
  readonly mostAtOnce: number
}

export async function startFaultingRelay(address: string, controller: string): Promise<FaultingRelay> {
  const port = await findNetlogonPort({ host: controller, port: MAPPER }, AbortSignal.timeout(30_000))
  const sockets = new Set<Socket>()
  const relay: { lie: Lie; mostAtOnce: number } = { lie: 'none', mostAtOnce: 0 }
  const listen = async (at: number): Promise<Server> => {
    const server = createServer((member) => {
      const real = connect({ host: controller, port: at })
      for (const socket of [member, real]) {
        sockets.add(socket)
        socket
          .on('error', () => {})
          .on('close', () => {
            for (const one of [member, real]) one.destroy()
            sockets.delete(socket)
          })
      }
      relay.mostAtOnce = Math.max(relay.mostAtOnce, sockets.size / 2)
      pass(member, real, relay)
    })
    await new Promise<void>((resolve) => void server.listen(at, address, resolve))
    return server
  }
  const servers = [await listen(MAPPER), await listen(port)]
  return Object.assign(relay, {
    address,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      for (const server of servers) server.close()
    },
  })
}

function pass(member: Socket, controller: Socket, relay: { readonly lie: Lie }): void {
  const logons = new Set<number>()
  eachPdu(member, (pdu) => {
    if (pdu[TYPE] === RpcPduType.REQUEST && pdu.readUInt16LE(OPNUM) === SAM_LOGON_EX) logons.add(pdu.readUInt32LE(CALL))
    controller.write(pdu)
  })
  eachPdu(controller, (pdu) => {
    const call = pdu.readUInt32LE(CALL)
    const lie = logons.delete(call) ? relay.lie : 'none'
    if (lie === 'none') member.write(pdu)
    if (lie === 'the end') member.end()
    if (lie === 'a fault') member.write(faultOf(call, 0))
    if (lie === 'a fault that says that nothing was done') member.write(faultOf(call, RpcFlag.DID_NOT_EXECUTE))
  })
}

function eachPdu(socket: Socket, take: (pdu: Buffer) => void): void {
  let received = Buffer.alloc(0)
  socket.on('data', (octets) => {
    received = Buffer.concat([received, octets])
    while (received.length >= HEAD && received.length >= rpcFragmentLength(received)) {
      const length = rpcFragmentLength(received)
      take(received.subarray(0, length))
      received = received.subarray(length)
    }
  })
}

/** nca_s_fault_remote_no_memory. C706 section 12.6.4.7. */
function faultOf(call: number, flags: number): Buffer {
  const fault = Buffer.alloc(32)
  fault.set([5, 0, RpcPduType.FAULT, RpcFlag.FIRST | RpcFlag.LAST | flags, 0x10, 0, 0, 0, 32])
  fault.writeUInt32LE(call, CALL)
  fault.writeUInt32LE(0x1c00_001b, 24)
  return fault
}

const MAPPER = 135
const HEAD = 16
const TYPE = 2
const CALL = 12
const OPNUM = 22
const SAM_LOGON_EX = 39

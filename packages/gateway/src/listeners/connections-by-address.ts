import type { Socket } from 'node:net'

/** Counts the open connections of each address. */
export interface ConnectionsByAddress {
  /**
   * Counts a connection until it is closed. Returns false where its address has so many already.
   */
  admits(socket: Socket, most: number): boolean
}

export function countConnections(): ConnectionsByAddress {
  const counts = new Map<string, number>()
  return {
    admits(socket, most) {
      const address = socket.remoteAddress ?? ''
      const count = (counts.get(address) ?? 0) + 1
      if (count > most) return false
      counts.set(address, count)
      socket.once('close', () => {
        const left = (counts.get(address) ?? 1) - 1
        if (left === 0) counts.delete(address)
        else counts.set(address, left)
      })
      return true
    },
  }
}

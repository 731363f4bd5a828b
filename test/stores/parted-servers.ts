/** A master of Redis and its replica, with a network between them that is parted and healed. */

import { openRelay } from './relay.js'
import { type RedisProcess, startRedis } from './redis-servers.js'
import { openTestNetwork, type TestNetwork } from './test-network.js'

export interface PartedServers extends AsyncDisposable {
  readonly master: RedisProcess
  readonly replica: RedisProcess
  /** Nothing comes through between the two, and no connection ends. This machine reaches both. */
  cut(): Promise<void>
  heal(): Promise<void>
  /** Makes the master a replica of the other one. */
  swap(): Promise<void>
}

/**
 * Each on a host of its own. Where namespaces are not permitted, on this machine, with a relay in
 * between that falls silent.
 *
 * @param block the addresses of this run
 */
export async function startPartedServers(block: string, host: string, port: number): Promise<PartedServers> {
  const network = await openTestNetwork(block)
  if (network !== undefined) return onTwoHosts(network)
  console.log('no network namespaces are permitted here: a relay that falls silent parts the servers')
  return throughRelay(host, port)
}

async function onTwoHosts(network: TestNetwork): Promise<PartedServers> {
  const hosts = [await network.addHost(), await network.addHost()]
  const between = await network.link(hosts[0], hosts[1])
  const serverAt = async (index: 0 | 1, settings: readonly string[] = []): Promise<RedisProcess> => {
    const { ends } = await network.link(hosts[index])
    const lines = [`bind ${ends[0]} ${between.ends[index]}`, ...settings]
    return startRedis({ host: ends[0], port: 6379 }, lines, [], hosts[index].through)
  }
  const master = await serverAt(0)
  const replica = await serverAt(1, [`replicaof ${between.ends[0]} 6379`])
  return {
    ...{ master, replica, cut: between.cut, heal: between.heal },
    swap: async () => void (await master.command('REPLICAOF', between.ends[1], '6379')),
    async [Symbol.asyncDispose]() {
      for (const one of [replica, master, network]) await one[Symbol.asyncDispose]()
    },
  }
}

async function throughRelay(host: string, port: number): Promise<PartedServers> {
  const master = await startRedis({ host, port })
  const relay = await openRelay({ host, port: port + 2 }, master)
  const replica = await startRedis({ host, port: port + 1 }, [`replicaof ${host} ${port + 2}`])
  return {
    ...{ master, replica },
    cut: async () => relay.cut(),
    heal: async () => relay.heal(),
    swap: async () => void (await master.command('REPLICAOF', host, `${port + 1}`)),
    async [Symbol.asyncDispose]() {
      for (const one of [replica, master]) await one[Symbol.asyncDispose]()
      relay[Symbol.dispose]()
    },
  }
}

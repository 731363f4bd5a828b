/** Hosts that are network namespaces, with links that can be cut as a network is parted. */

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { searchPath } from '../realms/debian/packages.js'

/** A namespace with a loopback and its links. */
export interface NetworkHost {
  /** Begins the command line of a program that runs there. */
  readonly through: readonly string[]
}

/** A cable between two hosts, or between one of them and this machine. */
export interface NetworkLink {
  /** The addresses of its two ends, in the order of the hosts. */
  readonly ends: readonly [string, string]
  /** Nothing comes through any more, and no connection ends. */
  cut(): Promise<void>
  heal(): Promise<void>
}

export interface TestNetwork extends AsyncDisposable {
  addHost(): Promise<NetworkHost>
  /** Without `other`, it is a link with this machine. */
  link(one: NetworkHost, other?: NetworkHost): Promise<NetworkLink>
}

/**
 * Returns undefined where namespaces are not permitted: for who is not root, and in many
 * containers.
 *
 * @param block the addresses of this run, `127.0.N`: the links have those of 198.18.N, which
 * RFC 2544 keeps for tests
 */
export async function openTestNetwork(block: string): Promise<TestNetwork | undefined> {
  const holders: { kill(): void }[] = []
  const number = block.slice(block.lastIndexOf('.') + 1)
  let links = 0
  const addHost = async (): Promise<NetworkHost> => {
    const { pid, kill } = await openNamespace()
    holders.push({ kill })
    const through = ['nsenter', '-t', `${pid}`, '-n']
    await inHost({ through }, 'ip link set lo up')
    return { through }
  }
  const network: TestNetwork = {
    addHost,
    async link(one, other = HERE) {
      const [first, names] = [4 * links, [`s4u${number}x${links}a`, `s4u${number}x${links}b`]]
      links++
      const ends = [`198.18.${number}.${first + 1}`, `198.18.${number}.${first + 2}`] as const
      // Each end is made here and moved, and vanishes with its namespace.
      await inHost(HERE, `ip link add ${names[0]} type veth peer name ${names[1]}`)
      for (const [index, host] of [one, other].entries()) {
        const { [2]: pid } = host.through
        if (pid !== undefined) await inHost(HERE, `ip link set ${names[index]} netns ${pid}`)
        await inHost(host, `ip addr add ${ends[index]}/30 dev ${names[index]}`)
        await inHost(host, `ip link set ${names[index]} up`)
      }
      // The far end, so that the near one sees silence and no error.
      const set = async (state: string): Promise<void> => void (await inHost(other, `ip link set ${names[1]} ${state}`))
      return { ends, cut: () => set('down'), heal: () => set('up') }
    },
    [Symbol.asyncDispose]: async () => holders.forEach((holder) => holder.kill()),
  }
  try {
    await network.link(await addHost())
    return network
  } catch {
    await network[Symbol.asyncDispose]()
    return undefined
  }
}

const HERE: NetworkHost = { through: [] }
const run = promisify(execFile)

async function inHost({ through }: NetworkHost, line: string): Promise<void> {
  const [program, ...args] = [...through, ...line.split(' ')]
  await run(program, args, { env: { PATH: searchPath } })
}

/**
 * A namespace lives as long as a process in it: this one ends with the tests, also if they are
 * killed.
 */
async function openNamespace(): Promise<{ readonly pid: number; kill(): void }> {
  const args = ['--pdeathsig', 'KILL', 'unshare', '--net', 'sh', '-c', 'echo ready; exec sleep infinity']
  const holder = spawn('setpriv', args, { stdio: ['ignore', 'pipe', 'ignore'], env: { PATH: searchPath } })
  const [first] = (await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')])) as unknown[]
  if (!(first instanceof Buffer) || holder.pid === undefined) throw new Error('namespaces are not permitted here')
  return { pid: holder.pid, kill: () => void holder.kill('SIGKILL') }
}

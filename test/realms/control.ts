import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { realmKeys } from './addresses.js'
import { toolKeys } from './debian/packages.js'
import type { RealmsInfo, Wanted } from './realm-info.js'
import { openRealms, type Realms } from './realms.js'

/** What a test worker is told, as JSON. */
export type ControlAnswer = { readonly info: RealmsInfo } | { readonly error: string }

export interface Control {
  /** Where test workers ask for realms. */
  url: string
  /**
   * Stops everything; rejects when a daemon had died meanwhile, which no test may have caused
   * unnoticed.
   */
  close(): Promise<void>
}

/**
 * Test workers are other processes than the one that owns the realms. They ask here for what they
 * need, and only what somebody needs is started, once for all of them.
 */
export async function openControl(): Promise<Control> {
  let realms: Promise<Realms> | undefined
  const start = async (wanted: Wanted[]): Promise<RealmsInfo> => (await (realms ??= openRealms())).start(wanted)
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://control')
    const names = searchParams.getAll('wanted')
    const wanted = [...realmKeys, ...toolKeys].filter((key) => names.includes(key))
    // An installation can take longer than a client waits for the first byte; white space before
    // JSON is allowed.
    response.writeHead(200, { 'content-type': 'application/json' })
    const waiting = setInterval(() => response.write('\n'), 10_000)
    const answer = (value: ControlAnswer): void => {
      clearInterval(waiting)
      response.end(JSON.stringify(value))
    }
    start(wanted).then(
      (info) => {
        report(searchParams.get('suite') ?? 'a suite', wanted, info)
        answer({ info })
      },
      (error: Error) => answer({ error: error.message }),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  return {
    url: `http://127.0.0.1:${portOf(server.address())}/`,
    async close() {
      server.close()
      server.closeAllConnections()
      const running = await realms
      const fallen = running?.fallen() ?? []
      await running?.[Symbol.asyncDispose]()
      if (fallen.length > 0) throw new Error(`servers died during the tests: ${fallen.join('; ')}`)
    },
  }
}

/** Why `suite` cannot run, or undefined when all that it wants is there. */
export function whySkipped(wanted: readonly Wanted[], info: RealmsInfo): string | undefined {
  const reasons = wanted.filter((key) => info.unavailable[key] !== undefined)
  if (reasons.length === 0) return undefined
  return reasons.map((key) => `${key} is not available (${info.unavailable[key]})`).join('; ')
}

function report(suite: string, wanted: readonly Wanted[], info: RealmsInfo): void {
  const reason = whySkipped(wanted, info)
  if (reason !== undefined) process.stderr.write(`skipped: ${suite}: ${reason}\n`)
}

const portOf = (address: AddressInfo | string | null): number =>
  typeof address === 'object' && address !== null ? address.port : 0

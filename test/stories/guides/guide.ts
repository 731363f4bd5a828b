import { createFetch } from '@s4u/fetch'
import { createKdcClient } from '@s4u/kdc-client'
import type { TestRealm } from '@s4u/test-kdc'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const hook = new URL('../examples-hosts.mjs', import.meta.url).href
const program = join(root, 'packages/cli/dist/s4u.js')

/**
 * A page of docs as its reader works through it: a folder with each file that the page shows, and
 * with what a realm gives to a service.
 */
export class Guide {
  readonly page: string
  readonly folder: string
  readonly #children = new Set<ChildProcess>()

  /** @param name `auditing`, of docs/auditing.md; `../packages/redis/README` */
  constructor(name: string) {
    this.page = readFileSync(join(root, 'docs', `${name}.md`), 'utf8')
    // Below test/, so that the packages, Express and the others are found.
    const caches = join(root, 'test/node_modules/.cache')
    mkdirSync(caches, { recursive: true })
    this.folder = mkdtempSync(join(caches, `guide-${basename(name)}-`))
    this.write('package.json', '{ "type": "module" }')
    for (const [, file, code] of this.page.matchAll(/^```[jt]s\n\/\/ ([\w.-]+\.(?:mjs|ts))\n([^]*?)^```$/gm))
      this.write(file, code)
  }

  write(file: string, content: string | Uint8Array): void {
    writeFileSync(join(this.folder, file), content)
  }

  /** What stands in the fences of a language. */
  fences(language: string): string[] {
    return [...this.page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(([, code]) => code)
  }

  /** Lays the keytab of an account and the krb5.conf of a realm into the folder. */
  settle(realm: TestRealm, account: string): void {
    this.write('krb5.conf', realm.krb5Conf())
    this.write('web.keytab', realm.keytabFile(account))
  }

  /** Starts a file that serves at PORT, and waits until it does. Returns its address. */
  async serve(file: string, environment: Readonly<Record<string, string>> = {}): Promise<string> {
    return (await this.open(file, environment)).url
  }

  /** The same, with the process. */
  async open(file: string, environment: Readonly<Record<string, string>> = {}): Promise<Serving> {
    const port = await freePort()
    const { child, ended, said } = this.#start([join(this.folder, file)], { PORT: String(port), ...environment })
    const url = `http://127.0.0.1:${port}/`
    while (child.exitCode === null) {
      if (await fetch(url).catch(() => undefined)) return { url, child, ended, said }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error(`${file} ended: ${(await ended).output}`)
  }

  /** Runs Node with these arguments, and returns how it ended and what it said. */
  run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return this.#start(args, environment).ended
  }

  /** Runs a line with `s4u`, as a shell without quotes would. */
  s4u(line: string): Promise<Ended> {
    return this.run([program, ...line.replace(/^(?:npx )?s4u /, '').split(' ')])
  }

  close(): void {
    for (const child of this.#children) child.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #start(args: readonly string[], more: Readonly<Record<string, string>>) {
    const { KRB5_KTNAME: _keytab, NODE_TEST_CONTEXT: _context, VITEST: _vitest, ...inherited } = process.env
    const env = { ...inherited, KRB5_CONFIG: join(this.folder, 'krb5.conf'), NO_COLOR: '1', ...more }
    const child = spawn(process.execPath, ['--import', hook, ...args], { cwd: this.folder, env })
    this.#children.add(child)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += String(chunk)))
    const ended = once(child, 'close').then(([status]: (number | null)[]): Ended => {
      this.#children.delete(child)
      return { status, output }
    })
    return { child, ended, said: () => output }
  }
}

/** A program of the page that serves. */
export interface Serving {
  readonly url: string
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** What it has printed so far. */
  said(): string
}

export interface Ended {
  readonly status: number | null
  readonly output: string
}

/** The fetch of a user of a realm, for a service that is served on this machine. */
export function fetchAs(realm: TestRealm, user: string, password: string): typeof fetch {
  const credentials = { principal: `${user}@${realm.realm}`, password }
  const client = createKdcClient({ credentials, kdc: realm.transport })
  const serviceNames = { '127.0.0.1': 'HTTP/web.ad.test' }
  return createFetch({ ticketFor: (spn, options) => client.ticketFor(spn, options), serviceNames })
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Debian's HAProxy, nginx and Caddy in front of the fleet, with the lines of the documentation. */

import { readFileSync } from 'node:fs'
import { runCaddy } from '../interop/peers/caddy.js'
import type { Front as RunningFront } from '../interop/peers/front.js'
import { runHaproxy } from '../interop/peers/haproxy.js'
import { runNginx } from '../interop/peers/nginx.js'
import type { Address } from '../realms/realm-info.js'

const page = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')
const blocks = (name: string, kind: string): string[] =>
  [...page(name).matchAll(new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, block]) => block)

export interface Front extends AsyncDisposable, Address {
  /** Sends nothing new to one instance, or sends to all again. */
  leaveOut(instance?: number): Promise<void>
}

export async function startHaproxy(address: Address, instances: readonly Address[]): Promise<Front> {
  return byItsChecks(address, await runHaproxy(() => haproxyLines(address, instances), address))
}

export async function startCaddy(address: Address, instances: readonly Address[]): Promise<Front> {
  const sites = (): string => caddyLines(address, instances)
  return byItsChecks(address, await runCaddy({ options: '', sites }, address))
}

/** Its own checks see that an instance drains. */
function byItsChecks(address: Address, { stop }: RunningFront): Front {
  return { ...address, leaveOut: async () => {}, [Symbol.asyncDispose]: stop }
}

function caddyLines({ host, port }: Address, instances: readonly Address[]): string {
  const [site = ''] = blocks('deployment.md', 'caddyfile')
  return site
    .replace('web.ad.test {', `http://${host}:${port} {`)
    .replace('10.0.0.11:3000 10.0.0.12:3000', instances.map((one) => `${one.host}:${one.port}`).join(' '))
}

/** The lines of the page, with other addresses and as many servers as there are. */
function haproxyLines({ host, port }: Address, instances: readonly Address[]): string {
  const [configuration = ''] = blocks('deployment.md', 'haproxy')
  const [server = ''] = /^ {2}server one .*\n/m.exec(configuration) ?? []
  const servers = instances.map((instance, number) =>
    server.replace('server one 10.0.0.11:3000', `server s${number} ${instance.host}:${instance.port}`),
  )
  return configuration
    .replace(/^ {2}server one .*\n {2}server two .*\n/m, servers.join(''))
    .replace(':443 ssl crt /etc/haproxy/web.pem', `${host}:${port}`)
}

export async function startNginx(address: Address, instances: readonly Address[]): Promise<Front> {
  const nginx = await runNginx(() => nginxLines(address, instances), address)
  return {
    ...address,
    async leaveOut(left) {
      nginx.reload(() => nginxLines(address, instances, left))
    },
    [Symbol.asyncDispose]: () => nginx.stop(),
  }
}

/** The server of nginx.md without TLS, and the upstream of deployment.md. */
function nginxLines({ host, port }: Address, instances: readonly Address[], left?: number): string {
  const [server = '', map = ''] = blocks('nginx.md', 'nginx')
  const [upstream = ''] = blocks('deployment.md', 'nginx')
  const servers = instances.map(
    (instance, number) => `  server ${instance.host}:${instance.port}${number === left ? ' down' : ''};\n`,
  )
  const here = server
    .replace('listen 443 ssl;', `listen ${host}:${port};`)
    .replace(/^ *ssl_certificate.*\n/gm, '')
    .replace('http://127.0.0.1:3000', 'http://instances')
  return `${map}${upstream.replace(/^ {2}server .*\n {2}server .*\n/m, servers.join(''))}${here}`
}

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCaddy } from '../peers/caddy.js'
import type { Front } from '../peers/front.js'
import { runHaproxy } from '../peers/haproxy.js'
import { runNginx } from '../peers/nginx.js'
import type { selfSigned } from '../../stories/fixtures/certificate.js'

/** Where things are in a test, in place of where docs/gateway.md has them. */
export interface FrontPlaces {
  readonly host: string
  readonly certificate: ReturnType<typeof selfSigned>
  /** Of the gateway: `127.0.88.70:9100`. */
  readonly gateway: string
  /** Of the inner server: `127.0.88.71:8080`. */
  readonly inner: string
}

export interface FrontKind {
  readonly name: 'nginx' | 'caddy' | 'haproxy'
  readonly convention: 'original' | 'forwarded'
  start(places: FrontPlaces): Promise<Front>
}

/** The lines of the page itself. */
const page = readFileSync(new URL('../../../docs/gateway.md', import.meta.url), 'utf8')
const block = (language: string): string =>
  new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(page)?.[1] ?? ''

export const PORT = 8443

export const fronts: readonly FrontKind[] = [
  {
    name: 'nginx',
    convention: 'original',
    start: (places) =>
      runNginx(
        (folder) => {
          writeCertificate(folder, places)
          return placed(block('nginx'), places)
            .replace('listen 443', `listen ${places.host}:${PORT}`)
            .replaceAll('/etc/nginx/', `${folder}/`)
            .replaceAll('proxy_pass http://orders.ad.test', `proxy_pass http://${places.inner}`)
        },
        { host: places.host, port: PORT },
      ),
  },
  {
    name: 'caddy',
    convention: 'forwarded',
    start: (places) =>
      runCaddy(
        {
          options: '  servers { max_header_size 192KB }'.replace('{ ', '{\n').replace(' }', '\n}'),
          sites: (folder) => {
            writeCertificate(folder, places)
            return placed(block('caddyfile'), places)
              .replace('orders.example.com {', `https://orders.example.com:${PORT} {\n  bind ${places.host}`)
              .replaceAll('/etc/caddy/', `${folder}/`)
              .replace('orders.ad.test:80', places.inner)
          },
        },
        { host: places.host, port: PORT },
      ),
  },
  {
    name: 'haproxy',
    convention: 'forwarded',
    start: (places) =>
      runHaproxy(
        (folder) => {
          writeCertificate(folder, places)
          writeFileSync(join(folder, 's4u.lua'), placed(block('lua'), places))
          return placed(block('haproxy'), places)
            .replace('bind :443', `bind ${places.host}:${PORT}`)
            .replaceAll('/etc/haproxy/', `${folder}/`)
            .replace('server orders orders.ad.test:80', `server orders ${places.inner}`)
        },
        { host: places.host, port: PORT },
      ),
  },
]

function placed(lines: string, { gateway }: FrontPlaces): string {
  if (lines === '') throw new Error('docs/gateway.md has lost the block')
  return lines.replaceAll('127.0.0.1:9100', gateway)
}

function writeCertificate(folder: string, { certificate: { cert, key } }: FrontPlaces): void {
  writeFileSync(join(folder, 'orders.crt'), cert)
  writeFileSync(join(folder, 'orders.key'), key)
  writeFileSync(join(folder, 'orders.pem'), `${cert}\n${key}`)
}

import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answering, ended } from './apache.js'
import type { Front } from './front.js'

export interface NginxOptions {
  readonly address: string
  /** What it stands in front of: `http://127.0.88.60:8080`. */
  readonly upstream: string
}

/** nginx as a reverse proxy; stop it with `Symbol.asyncDispose`. */
export interface Nginx extends AsyncDisposable {
  /** `http://127.0.88.61:8080` */
  readonly plain: string
}

/**
 * `/plain` is passed on. The other locations are errors of nginx's own, which knows no Kerberos and
 * puts no token on them: `/denied` (403), `/large` (413 for any body), `/busy` (503), `/down` (502,
 * nothing listens behind it).
 */
export async function startNginx({ address, upstream }: NginxOptions): Promise<Nginx> {
  const server = [
    'large_client_header_buffers 4 64k;',
    'server {',
    `  listen ${address}:8080;`,
    `  location /plain { proxy_pass ${upstream}; proxy_set_header Host $host; }`,
    '  location /denied { deny all; }',
    `  location /large { client_max_body_size 1; proxy_pass ${upstream}; }`,
    '  location /busy { return 503; }',
    `  location /down { proxy_pass http://${address}:1; }`,
    '}',
  ]
  const nginx = await runNginx(() => server.join('\n'), { host: address, port: 8080 })
  return { plain: `http://${address}:8080`, [Symbol.asyncDispose]: nginx.stop }
}

export interface RunningNginx extends Front {
  /** Takes another `http` block. What is under way is ended by the old one. */
  reload(http: (folder: string) => string): void
}

/**
 * nginx with what stands in its `http` block, made by `http(folder)`; `listens` is where it
 * answers.
 */
export async function runNginx(
  http: (folder: string) => string,
  listens: { host: string; port: number },
): Promise<RunningNginx> {
  const folder = mkdtempSync(join(tmpdir(), 's4u-nginx-'))
  mkdirSync(join(folder, 'tmp'))
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder, http(folder)))
  const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-g', 'daemon off;'], {
    env: { PATH: `/usr/sbin:${process.env.PATH}` },
    stdio: 'ignore',
  })
  const errorLog = (): string => readFileSync(join(folder, 'error.log'), 'utf8')
  await answering(child, listens.host, listens.port, errorLog)
  return {
    errorLog,
    reload(other) {
      writeFileSync(join(folder, 'nginx.conf'), configuration(folder, other(folder)))
      child.kill('SIGHUP')
    },
    async stop() {
      await ended(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function configuration(folder: string, http: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return [
    `pid ${join(folder, 'pid')};`,
    `error_log ${join(folder, 'error.log')};`,
    ...(process.getuid?.() === 0 ? ['user www-data;'] : []),
    'worker_processes 1;',
    'events { worker_connections 4096; }',
    'http {',
    '  access_log off;',
    ...temporary.map((name) => `  ${name}_temp_path ${join(folder, 'tmp', name)};`),
    http,
    '}',
    '',
  ].join('\n')
}

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Authority, Issued } from '../../stories/fixtures/authority.js'

/**
 * What OpenSSL's own tools say of an authority's certificates: a responder (`openssl ocsp`) and a
 * revocation list (`openssl ca -gencrl`), served over HTTP. `openssl ocsp -port` would listen on
 * every address of the machine, so that each request goes through files.
 */
export interface OpensslAuthority extends AsyncDisposable {
  readonly ocspUrl: string
  readonly crlUrl: string
  /** Which certificates it knows, and which of them are revoked. */
  know(issued: Issued, revoked?: boolean): void
  /** Paths that were asked for. */
  readonly asked: string[]
  /** Whether it answers at all. */
  down: boolean
}

export async function opensslAuthority(authority: Authority): Promise<OpensslAuthority> {
  const folder = mkdtempSync(join(tmpdir(), 's4u-openssl-'))
  const tools = toolsOf(authority, folder)
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const own: OpensslAuthority = {
    ...{ ocspUrl: `${url}/ocsp`, crlUrl: `${url}/ca.crl`, asked: [], down: false, know: tools.know },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      rmSync(folder, { recursive: true, force: true })
    },
  }
  server.on('request', async (request, response) => {
    own.asked.push(request.url ?? '')
    const body = Buffer.concat(await request.toArray())
    if (own.down) return void response.writeHead(503).end()
    response.end(request.url === '/ocsp' ? tools.answer(body) : tools.list())
  })
  return own
}

/** The commands, and the files that they work with. */
function toolsOf(authority: Authority, folder: string) {
  const file = (name: string): string => join(folder, name)
  writeFileSync(file('ca.pem'), authority.certificate.pem)
  writeFileSync(file('ca.key'), authority.certificate.key, { mode: 0o600 })
  writeFileSync(file('index.txt'), '')
  writeFileSync(file('index.txt.attr'), 'unique_subject = no\n')
  writeFileSync(file('crlnumber'), '01\n')
  writeFileSync(file('ca.cnf'), CONFIGURATION.replaceAll('FOLDER', folder))
  const openssl = (...args: string[]): Buffer => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const lines = new Map<string, string>()
  return {
    know({ serial }: Issued, revoked = false): void {
      const rest = `${serial.toUpperCase()}\tunknown\t/CN=${serial}\n`
      lines.set(serial, revoked ? `R\t301231000000Z\t261101000000Z\t${rest}` : `V\t301231000000Z\t\t${rest}`)
      writeFileSync(file('index.txt'), [...lines.values()].join(''))
    },
    answer(request: Buffer): Buffer {
      writeFileSync(file('request.der'), request)
      const signer = ['-rsigner', file('ca.pem'), '-rkey', file('ca.key'), '-CA', file('ca.pem'), '-ndays', '1']
      const files = ['-reqin', file('request.der'), '-respout', file('answer.der')]
      openssl('ocsp', '-index', file('index.txt'), ...signer, ...files)
      return readFileSync(file('answer.der'))
    },
    list(): Buffer {
      openssl('ca', '-config', file('ca.cnf'), '-gencrl', '-out', file('list.pem'))
      return openssl('crl', '-in', file('list.pem'), '-outform', 'der')
    },
  }
}

const CONFIGURATION = `[ca]
default_ca = own
[own]
database = FOLDER/index.txt
crlnumber = FOLDER/crlnumber
default_md = sha256
default_crl_days = 1
private_key = FOLDER/ca.key
certificate = FOLDER/ca.pem
`

import { negotiate } from '@s4u/express'
import type { Diagnosis } from '@s4u/doctor'
import express, { type RequestHandler } from 'express'
import { once } from 'node:events'
import { createSecureServer } from 'node:http2'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { beforeAll, describe, expect, test } from 'vitest'
import { describeRealms } from '../../realms/suite.js'
import { selfSigned } from '../../stories/fixtures/certificate.js'
import { Administrator } from '../diagnosis/administrator.js'
import { ExaminedService, serveAt, troubleIn } from './examined-service.js'
import { expectCause } from './expect-named.js'

/** How it is served; `ca`: what the doctor is told of authorities. */
interface Site {
  readonly http2?: boolean
  readonly key?: string
  readonly cert?: string
  readonly ca?: string | undefined
}

await describeRealms('the doctor, at a service over TLS', ['CORP'], (info) => {
  const at = new ExaminedService(info, 'CORP', 61)
  const host = `exam.${at.realm.domain}`
  const { key, cert } = selfSigned(host)

  beforeAll(async () => {
    await at.makeAccounts()
    await at.nameIt(new Administrator(info, 'CORP'))
  })

  const site = (channelBinding: 'allow' | 'require', before: RequestHandler = (_request, _response, next) => next()) =>
    express()
      .use(before)
      .use(negotiate({ keytab: at.keytab, channelBinding, delegation: { protocolTransition: false } }))
      .get('/', (request, response) => void response.send(request.identity?.principal ?? ''))

  async function diagnosed(listener: express.Express, { http2 = false, ...more }: Site = {}): Promise<Diagnosis> {
    const { ca, ...own } = { key, cert, ca: cert, ...more }
    const options: ServerOptions = { ...own, maxHeaderSize: 65_536 }
    const server = http2
      ? createSecureServer(
          { ...options, allowHTTP1: true, settings: { maxHeaderListSize: 65_536 } },
          (request, response) => {
            if (request.httpVersionMajor === 1) Reflect.apply(listener, undefined, [request, response])
            else response.writeHead(505).end()
          },
        )
      : createServer(options, listener)
    server.listen(0, at.address)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    try {
      return await at.diagnose({ url: `https://${host}:${port}/`, ...(ca !== undefined && { ca }) })
    } finally {
      server.close()
    }
  }

  const said = ({ findings }: Diagnosis, name: string) =>
    findings.filter(({ check }) => check === name).map(({ status, found }) => `${status}: ${found}`)

  describe('says of a healthy one', () => {
    test('that it speaks HTTP/1.1, signs in, and takes callers without channel bindings', async () => {
      const diagnosis = await diagnosed(site('allow'))
      expect(troubleIn(diagnosis)).toBe('')
      expect(said(diagnosis, 'url-http2')).toEqual(['ok: It speaks http/1.1.'])
      expect(said(diagnosis, 'url-sign-in')).toEqual(['ok: It signs examinee in (200), and proves itself.'])
    })

    test('that it demands channel bindings, where it does', async () => {
      const diagnosis = await diagnosed(site('require'))
      expect(troubleIn(diagnosis)).toBe('')
      expect(said(diagnosis, 'url-sign-in')).toEqual([
        'ok: It signs examinee in (200), and proves itself; it demands channel bindings.',
      ])
    })

    test('that it speaks HTTP/2, and what works there', async () => {
      const diagnosis = await diagnosed(site('allow'), { http2: true })
      expect(said(diagnosis, 'url-http2')).toEqual([
        'ok: It speaks HTTP/2: negotiations of one leg work there, and those of several legs do not.',
      ])
    })
  })

  test('names a cookie that plain HTTP would carry', async () => {
    const cookie: RequestHandler = (_request, response, next) => {
      response.setHeader('Set-Cookie', 'sid=1; HttpOnly; SameSite=Lax')
      next()
    }
    expectCause(await diagnosed(site('allow', cookie)), {
      cause: 'url-cookies',
      status: 'warning',
      found: /^The cookie sid lacks Secure\.$/,
    })
  })

  test('names a certificate whose authority is not known here, and is content once it is told of it', async () => {
    const cause = expectCause(await diagnosed(site('allow'), { ca: undefined }), {
      cause: 'url',
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      found: /^The certificate of exam\.corp\.test is not trusted here \(self-signed certificate\)\.$/,
    })
    expect(cause.hint).toContain('the option ca')
  })

  test('names a certificate that is made out to another host', async () => {
    const other = selfSigned('other.corp.test')
    expectCause(await diagnosed(site('allow'), { ...other, ca: other.cert }), {
      cause: 'url',
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      found: /^The certificate is not made out to exam\.corp\.test\.$/,
    })
  })

  test('names a port that speaks no TLS', async () => {
    await using plain = await serveAt(at.address, site('allow'))
    const cause = expectCause(await at.diagnose({ url: `https://${host}:${plain.port}/`, ca: cert }), {
      cause: 'url',
      code: 'EPROTO',
      found: /^What answers at exam\.corp\.test:\d+ does not speak TLS as it is expected\.$/,
    })
    expect(cause.hint).toMatch(/^Write http:\/\/ in place of https:\/\//)
    // As the hint says.
    expect(troubleIn(await at.diagnose({ url: `http://${host}:${plain.port}/` }))).toBe('')
  })
})

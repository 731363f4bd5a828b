import { negotiate } from '@s4u/express'
import express, { type RequestHandler } from 'express'
import type { RequestListener, ServerOptions } from 'node:http'
import type { ExaminedService } from './examined-service.js'

/** A web server in front of which something is wrong. */
export interface UrlFault {
  readonly serve: (at: ExaminedService) => RequestListener
  readonly options?: ServerOptions
  readonly cause: string
  readonly status?: 'warning'
  readonly found: RegExp
}

/** The service as it should be. */
export const healthySite = (
  at: ExaminedService,
  keytab = at.keytab,
  before: RequestHandler[] = [],
): RequestListener => {
  const app = express()
  for (const one of before) app.use(one)
  app.use(negotiate({ keytab, delegation: { protocolTransition: false } }))
  app.get('/', (request, response) => void response.send(request.identity?.principal ?? ''))
  return app
}

const answering =
  (status: number, headers: Record<string, string | string[]>): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, headers).end('hello')

/** Changes the head of each answer, as a proxy in front would. */
const changing =
  (
    change: (status: number, headers: { remove(name: string): void; set(name: string, value: string): void }) => void,
  ): RequestHandler =>
  (_request, response, next) => {
    const { writeHead } = response
    response.writeHead = function (this: typeof response, ...args: Parameters<typeof writeHead>) {
      const status = Number(args[0])
      change(status, {
        remove: (name) => response.removeHeader(name),
        set: (name, value) => void response.setHeader(name, value),
      })
      return Reflect.apply(writeHead, response, args)
    } as typeof writeHead
    next()
  }

export const urlFaults: readonly (readonly [what: string, fault: UrlFault])[] = [
  [
    'a page that asks nobody to sign in',
    {
      serve: () => answering(200, {}),
      cause: 'url-challenge',
      status: 'warning',
      found: /^It answers 200 to a caller without a token, and does not ask for one\.$/,
    },
  ],
  [
    'a page that offers Basic only',
    {
      serve: () => answering(401, { 'WWW-Authenticate': 'Basic realm="web"' }),
      cause: 'url-challenge',
      found: /^It answers 401 and offers Basic, and not Negotiate\.$/,
    },
  ],
  [
    'a proxy that takes the challenge away',
    {
      serve: () => answering(401, {}),
      cause: 'url-challenge',
      found: /^It answers 401 and offers none, and not Negotiate\.$/,
    },
  ],
  [
    'NTLM that is offered before Negotiate',
    {
      serve: (at) =>
        healthySite(at, at.keytab, [
          changing((status, headers) => {
            if (status === 401) headers.set('WWW-Authenticate', 'NTLM, Negotiate')
          }),
        ]),
      cause: 'url-challenge',
      status: 'warning',
      found: /^It offers NTLM, Negotiate: Negotiate is not the first\.$/,
    },
  ],
  [
    'a service with the keytab of another one',
    {
      serve: (at) => healthySite(at, at.otherKeytab),
      cause: 'url-sign-in',
      found: /^It refuses the ticket of examinee \(401/,
    },
  ],
  [
    'headers that are limited as Node does by default',
    {
      serve: (at) => healthySite(at),
      options: {},
      cause: 'url-header-size',
      status: 'warning',
      found: /^Headers of 15000 characters get through, and larger ones do not\.$/,
    },
  ],
  [
    'headers that are too small for the ticket of the user',
    {
      serve: (at) => healthySite(at),
      options: { maxHeaderSize: 1_200 },
      cause: 'url-header-size',
      found: /^Headers of 0 characters get through; examinee needs \d+\.$/,
    },
  ],
  [
    'a proxy that takes the proof of the service away',
    {
      serve: (at) =>
        healthySite(at, at.keytab, [
          changing((status, headers) => {
            if (status === 200) headers.remove('WWW-Authenticate')
          }),
        ]),
      cause: 'url-sign-in',
      status: 'warning',
      found: /^It answers 200 to examinee, and does not prove that it has the key\.$/,
    },
  ],
  [
    'a cookie that scripts can read',
    {
      serve: (at) =>
        healthySite(at, at.keytab, [
          (_request, response, next) => {
            response.setHeader('Set-Cookie', 'sid=1; SameSite=Lax')
            next()
          },
        ]),
      cause: 'url-cookies',
      status: 'warning',
      found: /^The cookie sid lacks HttpOnly\.$/,
    },
  ],
  [
    'a service whose clock is ten minutes off',
    {
      serve: (at) =>
        healthySite(at, at.keytab, [
          (_request, response, next) => {
            response.setHeader('Date', new Date(Date.now() - 600_000).toUTCString())
            next()
          },
        ]),
      cause: 'clock-of-service',
      found: /is (?:599|600) s behind this machine's\.$/,
    },
  ],
]

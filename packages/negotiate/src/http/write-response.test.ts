import { describe, expect, test } from 'vitest'
import { respond, type ResponseTarget, writeHeaders } from './write-response.js'

class Recorder implements ResponseTarget {
  readonly headers = new Map<string, string | readonly string[]>()
  statusCode = 200
  body: string | undefined
  stream?: { close(code: number): void }

  getHeader(name: string): string | readonly string[] | undefined {
    return this.headers.get(name.toLowerCase())
  }

  setHeader(name: string, value: string | readonly string[]): void {
    this.headers.set(name.toLowerCase(), value)
  }

  end(body: string): void {
    this.body = body
  }
}

describe('headers', () => {
  test('join the cookies and challenges that are there', () => {
    const response = new Recorder()
    response.setHeader('set-cookie', 'theme=dark')
    response.setHeader('www-authenticate', ['Bearer'])
    writeHeaders(response, { 'Set-Cookie': ['a=1', 'b=2'], 'WWW-Authenticate': 'Negotiate', 'Persistent-Auth': 'true' })
    expect(Object.fromEntries(response.headers)).toEqual({
      'set-cookie': ['theme=dark', 'a=1', 'b=2'],
      'www-authenticate': ['Bearer', 'Negotiate'],
      'persistent-auth': 'true',
    })
  })

  test.each([
    ['Accept-Encoding', 'Authorization, Cookie', 'Accept-Encoding, Authorization, Cookie'],
    [['Cookie', 'origin'], 'Authorization, cookie, Origin', 'cookie, Origin, Authorization'],
    ['*', 'Cookie', '*'],
    ['Cookie', '*', '*'],
    [undefined, 'Cookie', 'Cookie'],
  ])('join what the answer varies with: %j and %s', (before, added, all) => {
    const response = new Recorder()
    if (before !== undefined) response.setHeader('Vary', before)
    writeHeaders(response, { Vary: added })
    expect(response.getHeader('Vary')).toBe(all)
  })

  test('replace others, and are not doubled', () => {
    const response = new Recorder()
    response.setHeader('content-type', 'text/html')
    for (let time = 0; time < 2; time++)
      writeHeaders(response, { 'Content-Type': 'text/plain', 'WWW-Authenticate': 'Negotiate' })
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'text/plain',
      'www-authenticate': 'Negotiate',
    })
  })
})

describe('a challenge', () => {
  const challenge = {
    status: 'challenge',
    statusCode: 401,
    headers: { 'WWW-Authenticate': 'Negotiate' },
    body: 'Sign in.',
  } as const

  test('is sent with status, headers and body', () => {
    const response = new Recorder()
    respond(response, challenge)
    expect(response).toMatchObject({ statusCode: 401, body: 'Sign in.' })
    expect(response.getHeader('www-authenticate')).toBe('Negotiate')
  })

  test('resets an HTTP/2 stream with HTTP_1_1_REQUIRED', () => {
    const response = new Recorder()
    const codes: number[] = []
    response.stream = { close: (code) => void codes.push(code) }
    respond(response, { ...challenge, http1Required: true })
    expect(codes).toEqual([0xd])
    expect(response.body).toBeUndefined()
  })

  test('is sent over HTTP/1 as it is, whatever it requires', () => {
    const response = new Recorder()
    respond(response, { ...challenge, http1Required: true })
    expect(response.body).toBe('Sign in.')
  })
})

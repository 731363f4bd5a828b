import type { Challenge } from '@s4u/negotiate'
import type { FastifyReply } from 'fastify'
import { expect, test, vi } from 'vitest'
import { answer } from './answer.js'

const challenge: Challenge = {
  status: 'challenge',
  statusCode: 401,
  headers: { 'WWW-Authenticate': 'Negotiate', 'Set-Cookie': 'b=2' },
  body: 'Sign in.',
}

/** What is left of a reply of Fastify, which adds cookies to those that are there. */
function replyWith(raw: object) {
  const headers = new Map<string, string | readonly string[]>([['Set-Cookie', 'a=1']])
  const reply = {
    raw,
    hijack: vi.fn(),
    getHeader: (name: string) => headers.get(name),
    removeHeader: (name: string) => (headers.delete(name), reply),
    header: (name: string, value: string) => (headers.set(name, [headers.get(name) ?? [], value].flat()), reply),
    code: vi.fn(() => reply),
    send: vi.fn(() => reply),
  }
  return { reply, headers }
}

test('a challenge is sent by Fastify, beside the headers of others', () => {
  const { reply, headers } = replyWith({})
  answer(reply as unknown as FastifyReply, challenge)
  expect(reply.code).toHaveBeenCalledWith(401)
  expect(reply.send).toHaveBeenCalledExactlyOnceWith('Sign in.')
  expect(Object.fromEntries(headers)).toEqual({ 'WWW-Authenticate': ['Negotiate'], 'Set-Cookie': ['a=1', 'b=2'] })
  expect(reply.hijack).not.toHaveBeenCalled()
})

test('one that requires HTTP/1.1 resets the stream past Fastify, and is sent where there is none', () => {
  const close = vi.fn()
  const http2 = replyWith({ stream: { close } }).reply
  answer(http2 as unknown as FastifyReply, { ...challenge, http1Required: true })
  expect(close).toHaveBeenCalledOnce()
  expect(http2.hijack).toHaveBeenCalledOnce()
  expect(http2.send).not.toHaveBeenCalled()
  const http1 = replyWith({}).reply
  answer(http1 as unknown as FastifyReply, { ...challenge, http1Required: true })
  expect(http1.send).toHaveBeenCalledOnce()
})

import type { Readable } from 'node:stream'
import { STATUS_CODES } from 'node:http'

/** What is sent for a request. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The contents; undefined where there are none. */
  readonly body?: Readable | string | undefined
}

/** An answer that says its status and nothing more: the reason is for the log. */
export function plainAnswer(status: number, headers: Readonly<Record<string, string>> = {}): Answer {
  const body = `${STATUS_CODES[status]}\n`
  return {
    status,
    headers: {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': String(body.length),
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      ...headers,
    },
    body,
  }
}

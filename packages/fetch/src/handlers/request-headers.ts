import type { Dispatcher } from 'undici'

type Headers = Dispatcher.DispatchOptions['headers']

/**
 * Returns headers with one more, in place of one of that name. undici accepts names and values in
 * turn, pairs, or an object.
 */
export function withHeader(headers: Headers, name: string, value: string): Headers {
  // The headers of a fetch need not be taken apart.
  if (isRecord(headers) && !hasKey(headers, name)) return { ...headers, [name]: value }
  return [...flatHeaders(headers).filter(([key]) => key.toLowerCase() !== name), [name, value]].flat()
}

function isRecord(headers: Headers): headers is Record<string, string | string[]> {
  return headers !== undefined && headers !== null && !(Symbol.iterator in headers)
}

function hasKey(headers: object, name: string): boolean {
  for (const key in headers) if (key.length === name.length && key.toLowerCase() === name) return true
  return false
}

/** Returns whether headers have a name. @param name in small letters */
export function hasHeader(headers: Headers, name: string): boolean {
  return flatHeaders(headers).some(([key]) => key.toLowerCase() === name)
}

function flatHeaders(headers: Headers): [string, string][] {
  if (headers === undefined || headers === null) return []
  if (Array.isArray(headers) && typeof headers[0] === 'string') {
    return headers.flatMap((key, index) => (index % 2 === 0 ? [[String(key), String(headers[index + 1])]] : []))
  }
  const pairs = Symbol.iterator in headers ? [...headers] : Object.entries(headers)
  return pairs.flatMap((pair): [string, string][] => {
    const [key, value] = pair
    if (value === undefined || value === null) return []
    return Array.isArray(value) ? value.map((one) => [String(key), String(one)]) : [[String(key), String(value)]]
  })
}

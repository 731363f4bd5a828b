/**
 * Spans of what s4u does, for OpenTelemetry: `recordSpans(trace.getTracer('s4u'))` when the app
 * starts. Nothing but `node:diagnostics_channel` is needed, and whatever has OpenTelemetry's
 * `startSpan` will do. An event comes when its work is done and tells how long that took, so that
 * its span is begun in the past; it is a child of the span that is active where the work was done.
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel'

/** Source: OpenTelemetry API, SpanKind and SpanStatusCode. */
const INTERNAL = 0
const SERVER = 1
const CLIENT = 2
const ERROR = 2

const SPANS = {
  's4u:accept': { kind: INTERNAL, nameOf: ({ kind }) => `kerberos accept ${kind}` },
  's4u:kdc': { kind: CLIENT, nameOf: ({ step }) => `kerberos ${step}` },
  's4u:impersonate': { kind: INTERNAL, nameOf: ({ target }) => `impersonate ${target}`.trimEnd() },
  's4u:gateway': { kind: SERVER, nameOf: ({ kind, site = '' }) => `gateway ${kind} ${site}`.trimEnd() },
  's4u:fetch': { kind: INTERNAL, nameOf: ({ kind }) => `negotiate ${kind}` },
}

/** Returns a function that ends the recording. */
export function recordSpans(tracer, now = Date.now) {
  const listeners = Object.entries(SPANS).map(([channel, { kind, nameOf }]) => [
    channel,
    (event) => {
      const endTime = now()
      const startTime = endTime - (event.duration ?? 0)
      const span = tracer.startSpan(nameOf(event), { kind, startTime, attributes: attributesOf(event) })
      if (event.outcome === 'failed' || event.outcome === 'refused' || event.kind === 'alert')
        span.setStatus({ code: ERROR, message: event.code })
      span.end(endTime)
    },
  ])
  for (const [channel, listener] of listeners) subscribe(channel, listener)
  return () => {
    for (const [channel, listener] of listeners) unsubscribe(channel, listener)
  }
}

/** `s4u.failure_code`: attributes are texts, numbers and lists of texts. */
function attributesOf(event) {
  const attributes = { 'peer.service': event.target ?? event.service }
  for (const [name, value] of Object.entries(event)) {
    if (value === undefined || (typeof value === 'object' && !Array.isArray(value))) continue
    attributes[`s4u.${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`] = value
  }
  return attributes
}

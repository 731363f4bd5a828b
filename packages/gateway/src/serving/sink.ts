import type { ListenerSettings } from '../configuration/gateway-options.js'
import { networksOf } from '../configuration/networks.js'
import type { RequestSink } from '../listeners/connection-server.js'
import type { ReceivedOn } from '../requests/receive.js'
import { serve, type Serving } from './serve.js'

const known = new WeakMap<Serving, WeakMap<ListenerSettings, RequestSink>>()

/** Where the requests of one listener go, under one configuration. */
export function sinkOf(serving: Serving, listener: ListenerSettings): RequestSink {
  let sinks = known.get(serving)
  if (sinks === undefined) known.set(serving, (sinks = new WeakMap()))
  let sink = sinks.get(listener)
  if (sink === undefined) sinks.set(listener, (sink = makeSink(serving, listener)))
  return sink
}

function makeSink(serving: Serving, listener: ListenerSettings): RequestSink {
  const on: ReceivedOn = { listener, isProxy: networksOf(listener.proxies), now: serving.now }
  return {
    request: (request, response) => void serve(request, { kind: 'response', response }, on, serving),
    upgrade: (request, socket, head) => void serve(request, { kind: 'upgrade', socket, head }, on, serving),
  }
}

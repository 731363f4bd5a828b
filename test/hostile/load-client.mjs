/**
 * The clients of load.test.ts, in a process of their own so that the server's memory and file
 * descriptors are its own. Commands come as messages: `open` connections, `send` requests (each
 * waits for a free connection), leave `slow` ones behind, `close`.
 */
import { connect } from 'node:net'

const free = []
const waiting = []
const all = new Set()
let answers = []

process.on('message', ({ kind, ...command }) => commands[kind](command))

const commands = {
  /** A few hundred at a time, which a listener's queue holds. */
  async open({ port, count }) {
    for (let opened = 0; opened < count; opened += 256) {
      const batch = Array.from({ length: Math.min(256, count - opened) }, () => openConnection(port))
      free.push(...(await Promise.all(batch)))
    }
    process.send({ kind: 'opened' })
  },
  send({ requests }) {
    waiting.push(...requests)
    sendWaiting()
  },
  /** Octets for a connection each, after which nothing comes any more. */
  async slow({ port, octets }) {
    for (const text of octets) (await openConnection(port)).write(text)
    process.send({ kind: 'opened' })
  },
  close() {
    for (const socket of all) socket.destroy()
    process.disconnect()
  },
}

setInterval(() => {
  // Looked at now and then, since the test may have ended before anything here could listen for it.
  if (!process.connected) process.exit()
  if (answers.length > 0) process.send({ kind: 'answers', answers })
  answers = []
}, 20)

function openConnection(port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket))
    socket.setEncoding('latin1')
    socket.once('error', reject)
    all.add(socket)
  })
}

function sendWaiting() {
  while (waiting.length > 0 && free.length > 0) exchange(free.pop(), waiting.shift())
}

function exchange(socket, { id, token }) {
  let received = ''
  const onData = (text) => {
    received += text
    const answer = parse(received)
    if (answer === undefined) return
    finish(answer)
    free.push(socket)
    sendWaiting()
  }
  const onEnd = () => finish({ status: 0, body: 'the connection was closed' })
  const finish = (answer) => {
    socket.off('data', onData).off('close', onEnd)
    answers.push({ id, ...answer })
  }
  socket.on('data', onData).on('close', onEnd)
  socket.write(`GET / HTTP/1.1\r\nHost: web.ad.test\r\nX-Id: ${id}\r\nAuthorization: Negotiate ${token}\r\n\r\n`)
}

/** Undefined until the answer is complete. */
function parse(text) {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const length = Number(/^content-length: (\d+)/im.exec(text.slice(0, end))?.[1] ?? 0)
  const body = text.slice(end + 4)
  return body.length < length ? undefined : { status: Number(text.slice(9, 12)), body }
}

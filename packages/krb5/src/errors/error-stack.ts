/**
 * Puts the hint of an error into its stack: the logs of Koa, Express 4 and others show
 * `error.stack` and nothing else.
 */

interface Hinted extends Error {
  readonly hint: string | undefined
  /** The address of the page about the code. */
  readonly help?: string
}

/**
 * Makes `error.stack` show the hint, between the message and the places in the code:
 *
 *     RejectedTokenError: the clock of alice@AD.TEST is 7 minutes off
 *         hint: Set the clock of the client.
 *         at openTicket (…)
 *
 * The text is put together only when the stack is read: peers can cause errors as fast as they can
 * send, and most of these are never printed.
 */
export function showHintInStack(error: Hinted): void {
  const trace: { stack?: unknown } = {}
  if (!('captureStackTrace' in Error)) return
  Error.captureStackTrace(trace, error.constructor)
  let shown: unknown
  Object.defineProperty(error, 'stack', {
    configurable: true,
    enumerable: false,
    get: () => (shown ??= withHint(error, trace.stack)),
    set: (value: unknown) => {
      shown = value
    },
  })
}

function withHint({ name, message, hint }: Hinted, stack: unknown): unknown {
  // An app that sets Error.prepareStackTrace gets what its function returns.
  if (typeof stack !== 'string') return stack
  const frames = stack.indexOf(FIRST_FRAME)
  const lines = hint === undefined ? '' : `${HINT}${hint.replaceAll('\n', '\n      ')}`
  return `${name}: ${message}${lines}${frames < 0 ? '' : stack.slice(frames)}`
}

const FIRST_FRAME = '\n    at '
const HINT = '\n    hint: '

/** The method that `util.inspect` of Node calls, and so `console.error`. */
export const inspectCustom: unique symbol = Symbol.for('nodejs.util.inspect.custom')

type Inspect = (value: unknown, options: object) => string

/**
 * Returns what Node prints for an error, with its stack, its properties and the page that helps,
 * but shows the hint only once.
 */
export function inspectedWithHintOnce(error: Hinted, options: object, inspect: Inspect): string {
  const { stack } = error
  const { hint, settings, ...others }: Record<PropertyKey, PropertyDescriptor> = Object.getOwnPropertyDescriptors(error)
  const isInStack = typeof stack === 'string' && stack.includes(HINT)
  const twin: object = Object.create(Object.getPrototypeOf(error), {
    ...others,
    ...(hint !== undefined && { hint: { ...hint, enumerable: !isInStack && error.hint !== undefined } }),
    // The hint of a refused delegation is its settings as text: their commands are many lines.
    ...(settings !== undefined && { settings: { ...settings, enumerable: settings.enumerable && !isInStack } }),
    ...(error.help !== undefined && { help: { value: error.help, enumerable: true } }),
    stack: { value: stack, enumerable: false },
    [inspectCustom]: { value: undefined, enumerable: false },
  })
  return inspect(twin, options)
}

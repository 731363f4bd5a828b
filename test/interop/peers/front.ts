/** A proxy that is running; `stop` ends it and removes its folder. */
export interface Front {
  errorLog(): string
  stop(): Promise<void>
}

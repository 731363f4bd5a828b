import type { ConfigPath, Problem } from './problem.js'

/** Where a configuration comes from. */
export interface ConfigSource {
  /** `file`: a text that people write. `program`: a value of a program. */
  readonly from: 'file' | 'program'
  /** The folder that paths begin at. */
  readonly folder: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** One place of a configuration, and all mistakes found so far. */
export class ConfigReader {
  readonly problems: Problem[]
  readonly source: ConfigSource
  readonly #path: ConfigPath

  constructor(source: ConfigSource, problems: Problem[], path: ConfigPath = []) {
    this.source = source
    this.problems = problems
    this.#path = path
  }

  get isFile(): boolean {
    return this.source.from === 'file'
  }

  below(step: string | number): ConfigReader {
    return new ConfigReader(this.source, this.problems, [...this.#path, step])
  }

  /** Notes a mistake; the value of this place is then undefined. */
  refuse(message: string): undefined {
    this.problems.push({ path: this.#path, message })
    return undefined
  }
}

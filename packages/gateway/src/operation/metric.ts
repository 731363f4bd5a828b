/** Labels of a series: their names and values. */
export type Labels = Readonly<Record<string, string>>

/**
 * A number that only grows, or that is set, for each set of labels. Source: Prometheus, text format
 * 0.0.4.
 */
export class Metric {
  readonly #name: string
  readonly #type: 'counter' | 'gauge'
  readonly #help: string
  readonly #series = new Map<string, number>()

  constructor(name: string, type: 'counter' | 'gauge', help: string) {
    this.#name = name
    this.#type = type
    this.#help = help
  }

  add(labels: Labels, amount = 1): void {
    const key = labelText(labels)
    const before = this.#series.get(key)
    if (before === undefined && this.#series.size >= MAX_SERIES) return
    this.#series.set(key, (before ?? 0) + amount)
  }

  set(labels: Labels, value: number): void {
    const key = labelText(labels)
    if (this.#series.has(key) || this.#series.size < MAX_SERIES) this.#series.set(key, value)
  }

  lines(): string[] {
    const series = [...this.#series].map(([labels, value]) => `${this.#name}${labels} ${value}`)
    return [...heading(this.#name, this.#type, this.#help), ...series]
  }
}

/** How many values were at most as large as each bound, and their sum. */
export class Histogram {
  readonly #name: string
  readonly #help: string
  readonly #bounds: readonly number[]
  readonly #series = new Map<
    string,
    { readonly labels: Labels; readonly counts: number[]; sum: number; count: number }
  >()

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name
    this.#help = help
    this.#bounds = bounds
  }

  observe(labels: Labels, value: number): void {
    const key = labelText(labels)
    let series = this.#series.get(key)
    if (series === undefined) {
      if (this.#series.size >= MAX_SERIES) return
      series = { labels, counts: this.#bounds.map(() => 0), sum: 0, count: 0 }
      this.#series.set(key, series)
    }
    series.sum += value
    series.count++
    for (let index = this.#bounds.length - 1; index >= 0 && value <= this.#bounds[index]; index--)
      series.counts[index]++
  }

  lines(): string[] {
    const lines = heading(this.#name, 'histogram', this.#help)
    for (const { labels, counts, sum, count } of this.#series.values()) {
      for (const [index, bound] of this.#bounds.entries())
        lines.push(`${this.#name}_bucket${labelText({ ...labels, le: String(bound) })} ${counts[index]}`)
      lines.push(`${this.#name}_bucket${labelText({ ...labels, le: '+Inf' })} ${count}`)
      lines.push(`${this.#name}_sum${labelText(labels)} ${sum}`, `${this.#name}_count${labelText(labels)} ${count}`)
    }
    return lines
  }
}

/**
 * The series of one metric. Labels are names of the configuration and codes; were one the choice of
 * a client after all, it could not fill the memory.
 */
const MAX_SERIES = 5_000

function heading(name: string, type: string, help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]
}

function labelText(labels: Labels): string {
  let text = ''
  for (const name of Object.keys(labels)) text += `${text === '' ? '' : ','}${name}="${escaped(labels[name])}"`
  return text === '' ? '' : `{${text}}`
}

function escaped(value: string): string {
  if (!/[\\\n"]/.test(value)) return value
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}

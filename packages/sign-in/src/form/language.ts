import { ConfigurationError } from '@s4u/negotiate'
import { FORM_TEXTS, type FormTexts } from './form-texts.js'

/** Own texts: some for a language that is there, or all for another. */
export type OwnTexts = Readonly<Record<string, Partial<FormTexts>>>

/** The texts of all languages, complete. */
export type TextsByLanguage = ReadonlyMap<string, FormTexts>

/**
 * The language for browsers that accept none of ours. It also lends the texts that another language
 * lacks.
 */
const DEFAULT_LANGUAGE = 'en'

/** @throws ConfigurationError for a language or a text that there is not */
export function textsWith(own: OwnTexts = {}, owner = 'form'): TextsByLanguage {
  const texts = new Map(Object.entries(FORM_TEXTS))
  for (const [language, changes] of Object.entries(own)) {
    requireTexts(owner, language, changes)
    texts.set(language.toLowerCase(), { ...(texts.get(language.toLowerCase()) ?? FORM_TEXTS.en), ...changes })
  }
  return texts
}

/**
 * Returns the language that the browser likes best of those there are: `de` also for `de-AT`. RFC
 * 9110 section 12.5.4, RFC 4647 section 3.4.
 */
export function languageFor(accepted: string | undefined, texts: TextsByLanguage): string {
  // Browsers send some; more would only cost time.
  const ranges = (accepted ?? '').slice(0, 1_000).split(',').map(rangeOf)
  const wanted = ranges.filter(({ weight }) => weight > 0).sort((a, b) => b.weight - a.weight)
  for (const { tag } of wanted) {
    for (let part = tag; part !== ''; part = part.slice(0, Math.max(0, part.lastIndexOf('-'))))
      if (texts.has(part)) return part
  }
  return DEFAULT_LANGUAGE
}

function rangeOf(range: string): { readonly tag: string; readonly weight: number } {
  const [tag, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
  const weight = parameters.find((part) => part.startsWith('q='))?.slice(2) ?? '1'
  return { tag, weight: /^[01](\.\d{0,3})?$/.test(weight) ? Number(weight) : 0 }
}

function requireTexts(owner: string, language: string, changes: unknown): void {
  if (!/^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i.test(language))
    throw new ConfigurationError(`${owner}: texts has a name that is no language`, {
      hint: "Write { it: {…}, 'pt-BR': {…} }.",
    })
  const entries = typeof changes === 'object' && changes !== null ? Object.entries(changes) : undefined
  const isKnown = entries?.every(([name, text]) => name in FORM_TEXTS.en && typeof text === 'string')
  if (!isKnown)
    throw new ConfigurationError(`${owner}: texts.${language} has something that is no text of the pages`, {
      hint: `The texts are ${Object.keys(FORM_TEXTS.en).join(', ')}.`,
    })
}

/**
 * Returns a value under the type that npm `kerberos` declares for it. Its types say `string` where
 * the value is null until there is one, and programs are compiled against them. This is the only
 * place where the types say less than the truth; the docstrings of the members say the rest.
 */
export function asDeclared(value: string | null): string {
  return value as string
}

type Functions<Part> = { [Name in keyof Part]: (...given: never[]) => Promise<unknown> }

/** Stands in for a part whose module is loaded when one of its functions is first called, and once more when that has failed. */
export function atFirstUse<Part extends Functions<Part>> (load: () => Promise<Part>, names: (keyof Part & string)[]): Part {
  let loaded: Promise<Part> | undefined
  const part = () => (loaded ??= load().catch((error: unknown) => {
    loaded = undefined
    throw error
  }))
  const entries = names.map((name) => [name, async (...given: never[]) => await (await part())[name](...given)])
  return Object.fromEntries(entries) as Part
}

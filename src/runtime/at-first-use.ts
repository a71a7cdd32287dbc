type Functions<Part> = { [Name in keyof Part]: (...given: never[]) => Promise<unknown> }

/** Stands in for a part whose module is loaded when one of its functions is first called. */
export function atFirstUse<Part extends Functions<Part>> (load: () => Promise<Part>, names: (keyof Part & string)[]): Part {
  const entries = names.map((name) => [name, async (...given: never[]) => await (await load())[name](...given)])
  return Object.fromEntries(entries) as Part
}

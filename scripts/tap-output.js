/** The totals that tap prints at the end of a file. */
export function totalsIn (output) {
  const last = [...output.matchAll(/^# \{ (total: \d+.*) \}$/gm)].at(-1)?.[1] ?? ''
  const count = (name) => Number(new RegExp(`\\b${name}: (\\d+)`).exec(last)?.[1] ?? 0)
  return { total: count('total'), pass: count('pass'), fail: count('fail'), skip: count('skip'), todo: count('todo') }
}

/** Each failed assertion with tap's details and the names of the tests around it. */
export function failuresIn (output) {
  const lines = output.split('\n')
  return lines.flatMap((line, at) => {
    if (!/^ *not ok /.test(line)) return []
    // Right after the plan of a subtest the line only sums it up; its failed assertions have been listed
    if (/^ *1\.\.\d/.test(lines[at - 1] ?? '')) return [line]
    const indent = line.search(/\S/)
    const end = lines.indexOf(`${' '.repeat(indent + 2)}...`, at)
    return lines.slice(at, (lines[at + 1] ?? '').trim() === '---' && end > 0 ? end + 1 : at + 1)
  }).join('\n')
}

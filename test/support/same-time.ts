import type { Test } from 'tap'

const TRIES = 200
const WARM_UP = 20
/** The part by which two medians may differ. */
const TOLERANCE = 0.05
/** Other work on the machine may fall on one side of a measurement; a real difference shows in each. */
const MEASUREMENTS = 3

/** Sends one request of its kind, the `round`th, and returns how long the answer took. */
type Kind = (round: number) => Promise<number>

/**
 * Asserts that two kinds of requests take the same time: the medians of 200 each, taken in turns, are within 5 %.
 * @param options.before runs before each measurement
 */
export async function takesSameTime (
  t: Test,
  kinds: [Kind, Kind],
  { before = async () => {} }: { before?: (measurement: number) => Promise<void> } = {}
): Promise<void> {
  const seen: string[] = []
  for (let measurement = 0; measurement < MEASUREMENTS; measurement++) {
    await before(measurement)
    const [one, other] = await medians(kinds, measurement * TRIES)
    seen.push(`${one.toFixed(3)} and ${other.toFixed(3)} ms`)
    if (Math.abs(one - other) / Math.max(one, other) < TOLERANCE) {
      t.pass(seen.join(', '))
      return
    }
  }
  t.fail(`the medians differ: ${seen.join(', ')}`)
}

async function medians ([one, other]: [Kind, Kind], first: number): Promise<[number, number]> {
  const times: [number[], number[]] = [[], []]
  for (let round = 0; round < TRIES; round++) {
    const turns = [async () => times[0].push(await one(first + round)), async () => times[1].push(await other(first + round))]
    for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn()
  }
  return [median(times[0].slice(WARM_UP)), median(times[1].slice(WARM_UP))]
}

const median = (times: number[]) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!

/** Milliseconds that `run` takes. */
export async function timed (run: () => PromiseLike<unknown>): Promise<number> {
  const start = performance.now()
  await run()
  return performance.now() - start
}

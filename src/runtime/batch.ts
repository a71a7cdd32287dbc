type Options<Task, Result> = {
  size: number
  /** Tasks with the same key never share a statement. */
  keyOf: (task: Task) => string
  alone: (task: Task) => Promise<Result>
  /** Results in the order of the tasks; null for a task that must run alone. */
  together: (tasks: Task[]) => Promise<Array<Result | null>>
}

type Waiting<Task, Result> = { task: Task, resolve: (result: Result | Promise<Result>) => void }

/**
 * Collects the tasks of one turn of the event loop. Each task has the same result as if it had run alone, whatever happens to the others.
 */
export function createBatch<Task, Result> ({ size, keyOf, alone, together }: Options<Task, Result>): (task: Task) => Promise<Result> {
  let waiting = new Map<string, Waiting<Task, Result>>()

  function flush (): void {
    if (waiting.size === 0) return
    const batch = [...waiting.values()]
    waiting = new Map()
    if (batch.length === 1) return batch[0]!.resolve(alone(batch[0]!.task))
    together(batch.map(({ task }) => task)).catch(() => []).then((results) => {
      batch.forEach(({ task, resolve }, index) => resolve(results[index] ?? alone(task)))
    })
  }

  return async (task) => {
    const key = keyOf(task)
    if (waiting.has(key)) return await alone(task)
    return await new Promise<Result>((resolve) => {
      if (waiting.size === 0) setImmediate(flush)
      waiting.set(key, { task, resolve })
      if (waiting.size >= size) flush()
    })
  }
}

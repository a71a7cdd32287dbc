type Options<Task, Result> = {
  size: number
  /** Two tasks of one key never share a statement. */
  keyOf: (task: Task) => string
  alone: (task: Task) => Promise<Result>
  /** In the order of the tasks; null for one that must be done alone. */
  together: (tasks: Task[]) => Promise<Array<Result | null>>
}

type Waiting<Task, Result> = { task: Task, resolve: (result: Result | Promise<Result>) => void }

/** Gathers the tasks of one turn of the event loop. Whatever happens to the others, a task ends as it would have alone. */
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

/** One server-sent event (WHATWG HTML section 9.2.6). */
export type ServerSentEvent = { event: string, data: string }

/**
 * Reads the events of a stream until it ends or the signal says so. The stream is cancelled here: a signal that was only given to
 * `fetch` may be forgotten by the garbage collector once the answer has begun.
 */
export async function * readEvents (body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<ServerSentEvent> {
  const reader = body.getReader()
  const cancel = () => { reader.cancel().catch(() => {}) }
  signal.addEventListener('abort', cancel)
  try {
    if (signal.aborted) return
    yield * parsed(reader)
  } finally {
    signal.removeEventListener('abort', cancel)
    cancel()
  }
}

async function * parsed (reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder()
  let pending = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    pending += decoder.decode(value, { stream: true })
    const events = pending.split('\n\n')
    pending = events.pop()!
    for (const text of events) yield parse(text)
  }
}

function parse (text: string): ServerSentEvent {
  const lines = text.split('\n')
  const field = (name: string) => lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trimStart()).join('\n')
  return { event: field('event') || 'message', data: field('data') }
}

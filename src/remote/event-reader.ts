/** One server-sent event (WHATWG HTML section 9.2.6). */
export type ServerSentEvent = { event: string, data: string }

/**
 * Reads the events of a stream until it ends or the signal aborts. The stream is canceled here, because a signal passed only to `fetch`
 * may be garbage-collected once the response has begun.
 * @param onBytes called for all received data, including parts of an event
 */
export async function * readEvents (
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  onBytes: () => void = () => {}
): AsyncGenerator<ServerSentEvent> {
  const reader = body.getReader()
  const cancel = () => { reader.cancel().catch(() => {}) }
  signal.addEventListener('abort', cancel)
  try {
    if (signal.aborted) return
    yield * parsed(reader, onBytes)
  } finally {
    signal.removeEventListener('abort', cancel)
    cancel()
  }
}

async function * parsed (reader: ReadableStreamDefaultReader<Uint8Array>, onBytes: () => void): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder()
  // A large event arrives in many pieces, none of which is scanned twice
  let pieces: string[] = []
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    onBytes()
    const text = decoder.decode(value, { stream: true })
    if (text === '') continue
    const mayEnd = text.includes('\n\n') || (text.startsWith('\n') && pieces.at(-1)?.endsWith('\n'))
    pieces.push(text)
    if (!mayEnd) continue
    const events = pieces.join('').split('\n\n')
    pieces = [events.pop()!]
    for (const event of events) yield parse(event)
  }
}

function parse (text: string): ServerSentEvent {
  const lines = text.split('\n')
  const field = (name: string) =>
    lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trimStart()).join('\n')
  return { event: field('event') || 'message', data: field('data') }
}

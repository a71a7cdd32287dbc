/** One server-sent event (WHATWG HTML section 9.2.6). */
export type ServerSentEvent = { event: string, data: string }

/** Reads the events of a stream until it ends. */
export async function * readEvents (body: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder()
  let pending = ''
  for await (const chunk of body) {
    pending += decoder.decode(chunk, { stream: true })
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

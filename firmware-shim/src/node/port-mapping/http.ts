/**
 * One question over HTTP to a host nearby. It may take so long and say so much; where else to ask is not
 * followed.
 */
const TOTAL_MS_MAX = 3000;
const BODY_BYTES_MAX = 65_536;

export interface HttpQuestion {
  readonly url: URL;
  /** The address that it is sent from. */
  readonly own: string;
  /** Of a question that has one: a POST. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What it says with 200, or with 500, which is how it refuses; undefined when it says neither. */
export async function askHttp({ url, own, body, headers = {} }: HttpQuestion): Promise<string | undefined> {
  // Half a megabyte of memory that most nodes never need.
  const { request } = await import('node:http');
  return new Promise((resolve) => {
    const method = body === undefined ? 'GET' : 'POST';
    const asked = request(url, { method, headers, localAddress: own, agent: false }, (answer) => {
      if (answer.statusCode !== 200 && answer.statusCode !== 500) return end();
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size > BODY_BYTES_MAX) end();
      });
      answer.on('error', () => end());
      answer.on('end', () => end(Buffer.concat(chunks).toString()));
    });
    const alarm = setTimeout(() => end(), TOTAL_MS_MAX);
    const end = (said?: string) => {
      clearTimeout(alarm);
      asked.destroy();
      resolve(said);
    };
    asked.on('error', () => end());
    asked.end(body);
  });
}

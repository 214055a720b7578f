import {
  type Command,
  type CommandId,
  type NodeEvent,
  NumberTable,
  type PeerName,
  Status,
} from '@fogwisp/protocol';
import { FogError, messageOf, RequestError } from './errors.js';
import { isListed } from './introspection.js';
import { decodeBody, encodeBody, type Value } from './value.js';

/** What a responder is told besides the body. */
export interface RequestDetails {
  readonly from: PeerName;
  readonly path: string;
  /** Aborted when the asker gave up or this device stops. */
  readonly signal: AbortSignal;
}

/** Gives the answer, or throws: `RequestError` to choose what the asker is told. */
export type Responder = (body: Value, details: RequestDetails) => Value | Promise<Value>;

/** Ends what it came from. */
export type Dispose = () => void;

type RequestEvent = Extract<NodeEvent, { kind: 'request' }>;

interface Reply {
  readonly status: Status;
  readonly body: Uint8Array;
}

export interface AnswersOptions {
  submit(command: Command): CommandId;
  makeAbort(): AbortController;
  readonly messageBytesMax: number;
}

/** The paths this device serves, and the requests it is working on. */
export class Answers {
  readonly #options: AnswersOptions;
  readonly #responders = new Map<string, Responder>();
  readonly #working = new NumberTable<Work>();

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  serve(path: string, responder: Responder): Dispose {
    if (this.#responders.has(path)) {
      throw new FogError(
        'misuse',
        `"${path}" is served already: call the disposer of the earlier serve first`,
      );
    }
    this.#responders.set(path, responder);
    return () => {
      if (this.#responders.get(path) === responder) this.#responders.delete(path);
    };
  }

  /** What others can ask for, without the device's own paths. */
  get paths(): readonly string[] {
    return [...this.#responders.keys()].filter(isListed).sort();
  }

  handleRequest(event: RequestEvent): void {
    const responder = this.#responders.get(event.path);
    if (responder === undefined) {
      this.#respond(event.request, refusal(Status.notFound, ''));
      return;
    }
    const work = new Work(event, this.#options.makeAbort);
    this.#working.set(event.request, work);
    void this.#answer(responder, event.body, work).then((reply) => {
      if (this.#working.remove(event.request) !== undefined) this.#respond(event.request, reply);
    });
  }

  handleCancelled(request: number): void {
    this.#working.remove(request)?.abort();
  }

  stop(): void {
    for (const request of this.#working.numbers()) this.handleCancelled(request);
    this.#responders.clear();
  }

  async #answer(responder: Responder, bytes: Uint8Array, details: RequestDetails): Promise<Reply> {
    const body = decodeBody(bytes);
    if (!body.ok) return refusal(Status.badRequest, 'the body is not one deterministic CBOR value');
    try {
      const answer = encodeBody(await responder(body.value, details), `the answer to "${details.path}"`);
      if (answer.length <= this.#options.messageBytesMax) return { status: Status.ok, body: answer };
      return refusal(
        Status.tooLarge,
        `${answer.length} bytes, a message may carry ${this.#options.messageBytesMax}`,
      );
    } catch (thrown) {
      // Whatever the author's code throws is an answer too: the asker must not wait for its deadline.
      return refusal(thrown instanceof RequestError ? Status[thrown.code] : Status.failed, messageOf(thrown));
    }
  }

  #respond(request: number, reply: Reply): void {
    this.#options.submit({ kind: 'respond', request, ...reply });
  }
}

/** A request that is being worked on. Most responders never look at the signal, and one costs a while. */
class Work implements RequestDetails {
  readonly from: PeerName;
  readonly path: string;
  readonly #makeAbort: () => AbortController;
  #abort: AbortController | undefined;
  #isAborted = false;

  constructor({ from, path }: RequestEvent, makeAbort: () => AbortController) {
    this.from = from;
    this.path = path;
    this.#makeAbort = makeAbort;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = this.#makeAbort();
      if (this.#isAborted) this.#abort.abort();
    }
    return this.#abort.signal;
  }

  abort(): void {
    this.#isAborted = true;
    this.#abort?.abort();
  }
}

/** Long enough for a sentence, short enough for one datagram. */
const DETAIL_CHARACTERS_MAX = 200;

function refusal(status: Status, detail: string): Reply {
  return { status, body: encodeBody(detail.substring(0, DETAIL_CHARACTERS_MAX), 'the refusal') };
}

/** What the responder said, '' when it said nothing that can be read. */
export function detailOf(body: Uint8Array): string {
  const detail = decodeBody(body);
  return detail.ok && typeof detail.value === 'string' ? detail.value : '';
}

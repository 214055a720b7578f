import type { Dispose, RequestDetails } from './answers.js';
import type { CallOptions, DeliveryOptions, Published } from './calls.js';
import { type Check, type Checked, nothing } from './check.js';
import type { Device } from './device.js';
import { FogError, RequestError } from './errors.js';
import { checkPath } from './name.js';
import type { MessageDetails } from './subscriptions.js';
import type { Value } from './value.js';

/** One request of a service. Without `body` or `answer` there is none. */
export interface RequestShape {
  readonly body?: Check<unknown>;
  readonly answer?: Check<unknown>;
  /** Default for those who ask. */
  readonly timeoutMs?: number;
}

/** What a service is made of, shared by those who serve it and those who use it. */
export interface ServiceShape {
  /** Becomes the first part of every path and topic: 'climate/setTarget'. */
  readonly name: string;
  readonly requests?: Readonly<Record<string, RequestShape>>;
  /** What is published under each. */
  readonly topics?: Readonly<Record<string, Check<unknown>>>;
}

type Requests<S extends ServiceShape> = S['requests'] extends object ? S['requests'] : Record<never, never>;
type Topics<S extends ServiceShape> = S['topics'] extends object ? S['topics'] : Record<never, never>;
type Body<R> = R extends { readonly body: infer C } ? Checked<C> : undefined;
type Answer<R> = R extends { readonly answer: infer C } ? Checked<C> : undefined;
/** A body that may be missing may be left out. */
type Arguments<R> =
  undefined extends Body<R>
    ? [body?: Body<R>, options?: CallOptions]
    : [body: Body<R>, options?: CallOptions];
type Name<T> = keyof T & string;

/** The serving side: one function per request. */
export type Responders<S extends ServiceShape> = {
  readonly [K in Name<Requests<S>>]: (
    body: Body<Requests<S>[K]>,
    details: RequestDetails,
  ) => Answer<Requests<S>[K]> | Promise<Answer<Requests<S>[K]>>;
};

/** The asking side: the service as one peer has it. */
export interface RemoteService<S extends ServiceShape> {
  request<K extends Name<Requests<S>>>(
    name: K,
    ...rest: Arguments<Requests<S>[K]>
  ): Promise<Answer<Requests<S>[K]>>;
  subscribe<K extends Name<Topics<S>>>(
    topic: K,
    listener: (value: Checked<Topics<S>[K]>, details: MessageDetails) => unknown,
    options?: DeliveryOptions,
  ): Dispose;
}

/** A shape with what can be done with it. */
export interface Service<S extends ServiceShape> {
  readonly shape: S;
  /** Answers all requests of the service until the disposer is called. */
  serve(device: Device, responders: Responders<S>): Dispose;
  publish<K extends Name<Topics<S>>>(
    device: Device,
    topic: K,
    value: Checked<Topics<S>[K]>,
    options?: DeliveryOptions,
  ): Promise<Published>;
  /** `peer`: a name or id; '*' to subscribe to the service of anybody. */
  at(device: Device, peer: string): RemoteService<S>;
}

/** A contract between devices: both sides get its types, and neither trusts the other to keep it. */
export function defineService<const S extends ServiceShape>(shape: S): Service<S> {
  checkPath(shape.name, 'defineService');
  // The shape is generic to the outside only: inside, every check is looked up by its name.
  const service = new CheckedService(shape);
  return service as unknown as Service<S>;
}

type AnyResponder = (body: Value, details: RequestDetails) => Value | Promise<Value>;

class CheckedService {
  readonly shape: ServiceShape;

  constructor(shape: ServiceShape) {
    this.shape = shape;
  }

  serve(device: Device, responders: Readonly<Record<string, AnyResponder>>): Dispose {
    const disposers = Object.entries(this.shape.requests ?? {}).map(([name, request]) => {
      const responder = responders[name];
      if (responder === undefined) {
        throw new FogError('misuse', `the service "${this.shape.name}" needs a responder for "${name}"`);
      }
      return device.serve(this.#path(name), async (body, details) => {
        const fault = (request.body ?? nothing()).fault(body);
        if (fault !== undefined) throw new RequestError('badRequest', fault);
        const answer = await responder(body, details);
        const wrong = (request.answer ?? nothing()).fault(answer);
        if (wrong !== undefined) throw new RequestError('failed', `the answer is not as declared: ${wrong}`);
        return answer;
      });
    });
    return () => {
      for (const dispose of disposers) dispose();
    };
  }

  async publish(device: Device, topic: string, value: Value, options?: DeliveryOptions): Promise<Published> {
    const fault = this.#topic(topic).fault(value);
    if (fault !== undefined)
      throw new FogError('valueInvalid', `"${this.#path(topic)}" cannot be published: ${fault}`);
    return device.publish(this.#path(topic), value, options);
  }

  at(device: Device, peer: string) {
    return {
      request: (name: string, body?: Value, options?: CallOptions) =>
        this.#ask(device, peer, name, body, options),
      subscribe: (
        topic: string,
        listener: (value: Value, details: MessageDetails) => unknown,
        options?: DeliveryOptions,
      ): Dispose => {
        const check = this.#topic(topic);
        const checked = (value: Value, details: MessageDetails) => {
          const fault = check.fault(value);
          if (fault !== undefined) throw new Error(`"${details.from.name}" published ${fault}`);
          return listener(value, details);
        };
        return device.subscribe(`${peer}/${this.#path(topic)}`, checked, options);
      },
    };
  }

  async #ask(
    device: Device,
    peer: string,
    name: string,
    body: Value,
    options: CallOptions = {},
  ): Promise<Value> {
    const request = this.shape.requests?.[name];
    const path = this.#path(name);
    if (request === undefined) throw new FogError('misuse', `there is no request "${path}" in this service`);
    const fault = (request.body ?? nothing()).fault(body);
    if (fault !== undefined)
      throw new FogError('valueInvalid', `"${path}" cannot be asked: ${fault}`, { peer });
    const answer = await device.request(peer, path, body, { timeoutMs: request.timeoutMs, ...options });
    const wrong = (request.answer ?? nothing()).fault(answer);
    if (wrong === undefined) return answer;
    throw new FogError('valueInvalid', `"${peer}" answered "${path}" wrongly: ${wrong}`, { peer });
  }

  #topic(topic: string): Check<unknown> {
    const check = this.shape.topics?.[topic];
    if (check !== undefined) return check;
    throw new FogError('misuse', `there is no topic "${this.#path(topic)}" in this service`);
  }

  #path(name: string): string {
    return `${this.shape.name}/${name}`;
  }
}

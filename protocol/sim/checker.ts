import type { CommandId, NodeEvent, NodeInput, NodeOutput } from '@fogwisp/protocol';
import type { Host } from './host.js';
import type { World } from './world.js';

/**
 * What just happened: one host took one input and said all it had to say. Valid only while it is looked at.
 */
export interface Step {
  readonly host: Host;
  /** Undefined: it booted. */
  readonly input: NodeInput | undefined;
  readonly outputs: readonly NodeOutput[];
}

/** A promise that must hold after every step, whatever the faults. */
export interface Checker {
  readonly name: string;
  /** What is wrong, undefined when all is well. */
  afterStep(world: World, step: Step): string | undefined;
  /** The same once the run is over and the world healed. */
  atEnd?(world: World): string | undefined;
}

/** Each command ends once: with its answer or with `failed`, never with both, and not before it was given. */
export class CommandsEndOnce implements Checker {
  readonly name = 'commands end once';
  readonly #open = new Map<Host, Map<CommandId, string>>();

  afterStep(_world: World, step: Step): string | undefined {
    const open = this.#open.get(step.host) ?? new Map<CommandId, string>();
    this.#open.set(step.host, open);
    if (step.input === undefined) open.clear();
    if (step.input?.kind === 'command') {
      const { id, command } = step.input;
      if (ENDING.has(command.kind)) open.set(id, command.kind);
    }
    for (const output of step.outputs) {
      if (output.kind !== 'event') continue;
      const id = endedBy(output.event);
      if (id !== undefined && !open.delete(id)) return `command ${id} ended that was not under way`;
    }
    return undefined;
  }

  atEnd(): string | undefined {
    for (const [host, open] of this.#open) {
      const [first] = open;
      if (host.isRunning && first !== undefined) return `${host.name}: ${first[1]} ${first[0]} never ended`;
    }
    return undefined;
  }
}

/** Commands whose outcome is an event. */
const ENDING: ReadonlySet<string> = new Set(['request', 'publish', 'ping', 'stop']);

function endedBy(event: NodeEvent): CommandId | undefined {
  switch (event.kind) {
    case 'response':
    case 'published':
    case 'pong':
    case 'failed':
    case 'stopped':
      return event.command;
    default:
      return undefined;
  }
}

/**
 * Nobody floods: what is on its way stays below so many packets, and one input causes at most so many
 * outputs.
 */
export class NobodyFloods implements Checker {
  readonly name = 'nobody floods';
  readonly #pendingMax: number;
  readonly #outputsMax: number;

  constructor(options: { readonly pendingMax: number; readonly outputsMax: number }) {
    this.#pendingMax = options.pendingMax;
    this.#outputsMax = options.outputsMax;
  }

  afterStep(world: World, step: Step): string | undefined {
    if (world.pendingCount > this.#pendingMax) return `${world.pendingCount} events are pending`;
    if (step.outputs.length > this.#outputsMax) return `one input caused ${step.outputs.length} outputs`;
    return undefined;
  }
}

/** A node never says the same thing about a peer twice in a row: reports are changes. */
export class ReportsAreChanges implements Checker {
  readonly name = 'reports are changes';
  readonly #last = new Map<Host, Map<string, string>>();

  afterStep(_world: World, step: Step): string | undefined {
    const last = this.#last.get(step.host) ?? new Map<string, string>();
    this.#last.set(step.host, last);
    if (step.input === undefined) last.clear();
    for (const output of step.outputs) {
      if (output.kind !== 'event' || output.event.kind !== 'peer') continue;
      const text = JSON.stringify(output.event.peer);
      const { id } = output.event.peer;
      if (last.get(id) === text) return `the same report about ${id} twice`;
      last.set(id, text);
    }
    return undefined;
  }
}

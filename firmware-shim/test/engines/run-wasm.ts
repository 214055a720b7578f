import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { CompileFlags, EvalFlags, type JSValueHandle, QuickJS } from 'quickjs-wasi';
import { type Played, readPlay } from './run-host.js';

/** Half of the stack that the engine was linked with. */
const STACK_BYTES = 512 * 1024;

/**
 * Runs a program in quickjs-ng as WebAssembly, which needs no compiler on this machine. Functions of `host`
 * besides these: none.
 */
export async function playInWasm(program: string, script: Uint8Array, heapBytesMax = 0): Promise<Played> {
  const wasm = await readFile(createRequire(import.meta.url).resolve('quickjs-wasi/quickjs.wasm'));
  const code = await compile(wasm, program);
  const limit = heapBytesMax > 0 ? { memoryLimit: heapBytesMax } : {};
  const engine = await QuickJS.create({ wasm, maxStackSize: STACK_BYTES, ...limit });
  const lines: string[] = [];
  try {
    defineHost(engine, lines, script);
    engine.evalBytecode(code).dispose();
    engine.evalCode('program.main()').dispose();
    engine.executePendingJobs();
    return readPlay(lines.join('\n'), 0);
  } catch (error) {
    lines.push(error instanceof Error ? error.message : String(error));
    return readPlay(lines.join('\n'), 1);
  }
}

/** On an engine of its own, as a board loads byte code and never the source. */
async function compile(wasm: Uint8Array, program: string): Promise<Uint8Array> {
  const compiler = await QuickJS.create({ wasm });
  const strip = CompileFlags.STRIP_SOURCE | CompileFlags.STRIP_DEBUG;
  return compiler.compile(program, 'program.js', EvalFlags.TYPE_GLOBAL, strip);
}

function defineHost(engine: QuickJS, lines: string[], script: Uint8Array): void {
  let at = 0;
  let peakBytes = 0;
  const used = () => {
    const { mallocSize } = engine.getMemoryUsage();
    peakBytes = Math.max(peakBytes, mallocSize);
    return mallocSize;
  };
  const doors: Readonly<Record<string, (argument: string) => JSValueHandle>> = {
    print: (text) => {
      lines.push(text);
      return engine.undefined;
    },
    measure: (label) => {
      used();
      engine.runGC();
      lines.push(JSON.stringify({ at: label, heapBytes: used(), peakBytes }));
      return engine.undefined;
    },
    next: () => {
      if (at >= script.length) return engine.undefined;
      const length = new DataView(script.buffer, script.byteOffset + at).getUint32(0, true);
      at += 4 + length;
      return engine.newArrayBuffer(script.subarray(at - length, at));
    },
  };
  const host = engine.newObject();
  for (const [name, door] of Object.entries(doors)) {
    const call = engine.newFunction(name, (argument) =>
      door(argument === undefined ? '' : argument.toString()),
    );
    engine.setProp(host, name, call);
  }
  engine.setProp(engine.global, 'host', host);
}

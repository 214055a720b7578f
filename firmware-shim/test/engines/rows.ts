import { join } from 'node:path';
import { ESP32_C3, ESP32_NOBLE_POOLS, ESP32_POOLS } from './boards.js';
import { bundleParts, bundleProgram } from './bundle.js';
import { forEachOf } from './command.js';
import { BUSY_HOUR, type Day, LONG_DAY, recordDay } from './day.js';
import type { Hosts } from './hosts.js';
import { PROGRAM_FOLDER } from './package-folder.js';
import { playHere } from './play-here.js';
import { type Measure, type Played, type PlayResult, playInHost } from './run-host.js';
import { playInWasm } from './run-wasm.js';

/** One engine under one board's memory, and what the core took there. */
export interface Row {
  readonly engine: string;
  readonly profile: string;
  /** The whole script was played, and the node did what it does in Node. */
  readonly ok: boolean;
  /**
   * Live after 100 readings each way with 8 neighbours and 64 routes; where it did not fit, when it last did.
   */
  readonly heapBytes: number;
  /** The most in use, garbage included. */
  readonly peakBytes: number;
  /** XS: a slot is 16 bytes. */
  readonly slots?: number;
  readonly chunkBytes?: number;
  /** Slots that each further neighbour takes, with its session. */
  readonly slotsPerSession?: number;
  readonly computrons?: number;
  /** Why it is not ok. */
  readonly trouble?: string;
  /** It is measured for its figures: the core does not fit there. */
  readonly isKnownToFail?: true;
}

type ProgramName = 'play-native' | 'play-noble' | 'play-native in parts';

interface Profile {
  readonly engine: 'xs' | 'quickjs' | 'quickjs-ng';
  readonly name: string;
  readonly program: ProgramName;
  readonly role: keyof Day;
  readonly options: readonly string[];
  readonly heapBytes?: number;
  /** A day instead of a busy hour: it must end with no more than was live after one hour of it. */
  readonly isLong?: true;
  readonly isKnownToFail?: true;
}

const RUN_TIME = ['--heap', String(1024 * 1024)] as const;

const PROFILES: readonly Profile[] = [
  { engine: 'xs', name: 'ESP32', program: 'play-native', role: 'board', options: ESP32_POOLS },
  { engine: 'xs', name: 'ESP32, far side', program: 'play-native', role: 'farSide', options: ESP32_POOLS },
  {
    engine: 'xs',
    name: 'ESP32, noble',
    program: 'play-noble',
    role: 'board',
    options: ESP32_NOBLE_POOLS,
  },
  {
    engine: 'xs',
    name: 'ESP32, 24 hours',
    program: 'play-native',
    role: 'board',
    options: ESP32_POOLS,
    isLong: true,
  },
  { engine: 'xs', name: 'ESP32-C3, leaf', program: 'play-native', role: 'leaf', options: ESP32_C3 },
  {
    engine: 'xs',
    name: '1 MiB, no preload',
    program: 'play-native in parts',
    role: 'board',
    options: RUN_TIME,
  },
  {
    engine: 'quickjs',
    name: '512 KiB',
    program: 'play-native',
    role: 'board',
    options: ['--heap', '524288'],
    isKnownToFail: true, // its heap holds the code too, and that alone is larger
  },
  {
    engine: 'quickjs',
    name: '1.25 MiB',
    program: 'play-native',
    role: 'board',
    options: ['--heap', '1310720'],
  },
  { engine: 'quickjs', name: '2 MiB', program: 'play-native', role: 'board', options: ['--heap', '2097152'] },
  {
    engine: 'quickjs',
    name: '2 MiB, 24 hours',
    program: 'play-native',
    role: 'board',
    options: ['--heap', '2097152'],
    isLong: true,
  },
  {
    engine: 'quickjs-ng',
    name: '6 MiB, noble',
    program: 'play-noble',
    role: 'board',
    options: [],
    heapBytes: 6 * 1024 * 1024,
  },
];

export interface RowsOptions {
  /** Undefined: only what needs no compiler. */
  readonly hosts: Hosts | undefined;
  readonly tell?: (row: Row) => void;
}

export async function playRows({ hosts, tell }: RowsOptions): Promise<readonly Row[]> {
  const days = { busy: recordDay(BUSY_HOUR), long: recordDay(LONG_DAY) };
  const expected = new Map<Uint8Array, PlayResult>();
  const programs = new Map<ProgramName, readonly string[]>();
  const rows: Row[] = [];
  const playable = PROFILES.filter(({ engine }) => hosts !== undefined || engine === 'quickjs-ng');
  await forEachOf([...playable.entries()], async ([index, profile]) => {
    const { program: name, role } = profile;
    const script = days[profile.isLong === true ? 'long' : 'busy'][role];
    const program = programs.get(name) ?? (await programOf(name));
    programs.set(name, program);
    const reference = expected.get(script) ?? playHere(script);
    expected.set(script, reference);
    const row = rowOf(profile, await playProfile(profile, program, script, hosts), reference);
    rows[index] = row;
    tell?.(row);
  });
  return rows;
}

async function programOf(name: ProgramName): Promise<readonly string[]> {
  if (name === 'play-native in parts') return bundleParts(join(PROGRAM_FOLDER, 'play-native.ts'));
  return [await bundleProgram(join(PROGRAM_FOLDER, `${name}.ts`))];
}

function playProfile(
  profile: Profile,
  program: readonly string[],
  script: Uint8Array,
  hosts: Hosts | undefined,
): Promise<Played> {
  if (profile.engine === 'quickjs-ng') {
    return playInWasm(program.join(''), script, profile.heapBytes);
  }
  if (hosts === undefined) throw new Error('the hosts of the engines are built before they are used');
  return playInHost(hosts[profile.engine], profile.options, program, script);
}

function rowOf(profile: Profile, played: Played, expected: PlayResult): Row {
  const isSame = played.result !== undefined && played.result.hash === expected.hash;
  const other = isSame ? growthOf(played.measures) : 'does something else than in Node';
  const trouble = played.trouble !== '' ? played.trouble : other;
  const marks = played.measures.filter(({ at }) => at !== 'end');
  const last = marks[marks.length - 1];
  const perSession = slotsPerSession(played.measures);
  return {
    engine: profile.engine,
    profile: profile.name,
    ok: trouble === '',
    heapBytes: last?.heapBytes ?? 0,
    peakBytes: Math.max(0, ...marks.map(({ peakBytes }) => peakBytes)),
    ...(last?.slots !== undefined && { slots: last.slots }),
    ...(last?.chunkBytes !== undefined && { chunkBytes: last.chunkBytes }),
    ...(perSession !== undefined && { slotsPerSession: perSession }),
    ...(last?.computrons !== undefined && { computrons: last.computrons }),
    ...(trouble !== '' && { trouble }),
    ...(profile.isKnownToFail && { isKnownToFail: true }),
  };
}

/** What a message that is just under way may take more at one mark than at the other. */
const UNDER_WAY_BYTES = 256;

/** From the end of an hour to the end of a day; '' when nothing stays. */
function growthOf(measures: readonly Measure[]): string {
  const [hour, day] = ['hour', 'day'].map((label) => measures.find(({ at }) => at === label)?.heapBytes);
  if (hour === undefined || day === undefined || day <= hour + UNDER_WAY_BYTES) return '';
  return `${hour} B after an hour, ${day} B after a day`;
}

/** From one neighbour to eight. */
function slotsPerSession(measures: readonly Measure[]): number | undefined {
  const [one, eight] = ['one', 'eight'].map((label) => measures.find(({ at }) => at === label)?.slots);
  return one === undefined || eight === undefined ? undefined : Math.round((eight - one) / 7);
}

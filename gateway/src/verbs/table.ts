import { JSON_OPTION, SOCKET_OPTION, TIMEOUT_OPTION, type Verb } from '../cli/verb.js';

const ASKING = { ...JSON_OPTION, ...SOCKET_OPTION, ...TIMEOUT_OPTION };
const FOR = { for: { type: 'text', value: 'TIME', help: 'end by itself after 30s, 2m, ...' } } as const;
const REQUIRE = {
  type: 'text',
  value: 'direct',
  help: 'exit with 8 when the last answer came through others',
} as const;

/**
 * Every verb: what parses, what is helped with, and what runs. Each loads its own code only when it is
 * used.
 */
export const verbs: readonly Verb[] = [
  {
    name: 'demo',
    operands: '',
    summary: 'try it: two gateways, a broker and up to 12 peers here, each its own process',
    options: {
      ...FOR,
      nat: {
        type: 'text',
        value: 'KIND',
        help: 'what two peers are behind: port (default), address, full or symmetric',
      },
      'kernel-nat': {
        type: 'flag',
        isOn: true,
        help: 'simulate these NATs also where root could have real ones',
      },
      kill: {
        type: 'text',
        value: 'WHAT',
        help: 'in the demo that runs in another terminal: gateway or supernode',
      },
    },
    notes: [
      'Ctrl-C ends all of it and leaves nothing behind. Without a terminal it prints lines.',
      'There are 12 peers where memory allows.',
      'The key g kills a gateway, s a supernode; it comes back after 20 s. n restarts both NATs.',
    ],
    run: async (call) => (await import('../../demo/demo.js')).demo(call),
  },
  {
    name: 'up',
    operands: '',
    summary: 'run a gateway: its links, its broker, and this machine as a peer',
    options: {
      config: {
        type: 'text',
        value: 'FILE',
        help: 'what to run (default: fogwisp.yaml here, if there is one)',
      },
      network: {
        type: 'text',
        value: 'TEXT',
        help: 'the network to join: its text, its file or a join ticket',
      },
      name: { type: 'text', value: 'NAME', help: 'what others call this gateway (default: the host name)' },
      connect: {
        type: 'texts',
        value: 'HOST:PORT',
        help: 'greet by UDP and TCP at once; udp:// or tcp:// before it: by one; may be repeated',
      },
      bootstrap: {
        type: 'texts',
        value: 'HOST:PORT',
        help: 'greet it when nobody has been there for a minute or two; may be repeated',
      },
      serial: { type: 'texts', value: 'PATH', help: 'a serial port; may be repeated' },
      lan: { type: 'flag', isOn: true, help: 'do not look for peers on the local network' },
      broker: { type: 'text', value: 'URL', help: 'mqtt://HOST:PORT, embedded (default) or none' },
      share: { type: 'flag', help: "publish this machine's own readings (default without a file)" },
      state: { type: 'text', value: 'DIR', help: 'where the identity is kept' },
      socket: { type: 'text', value: 'PATH', help: 'where it answers the other verbs' },
      ...FOR,
    },
    notes: ['Flags come before the file. The file is only read, never written.'],
    run: async (call) => (await import('./up.js')).up(call),
  },
  {
    name: 'status',
    operands: '',
    summary: 'the gateway, its links and its broker, and every peer with its path',
    options: ASKING,
    run: async (call) => (await import('./status.js')).status(call),
  },
  {
    name: 'peers',
    operands: '',
    summary: 'every peer: path, round trip, and why it is not direct',
    options: ASKING,
    run: async (call) => (await import('./status.js')).peers(call),
  },
  {
    name: 'ping',
    operands: 'NAME',
    summary: 'the round trip to a peer and the path it took',
    options: {
      ...ASKING,
      count: {
        type: 'text',
        value: 'N',
        help: 'how many (default: until one is direct, 5 at most; with --require: 10)',
      },
      from: { type: 'text', value: 'PEER', help: 'have that peer ask it, in place of the gateway' },
      require: {
        type: 'text',
        value: 'direct',
        help: 'ask until the answer comes directly; exit with 8 when none did',
      },
    },
    run: async (call) => (await import('./ping.js')).ping(call),
  },
  {
    name: 'netcheck',
    operands: '',
    summary: 'what works of the network around this machine, each with its evidence',
    options: ASKING,
    notes: ['Nothing is sent for it. Exit code 9: something does not work.'],
    run: async (call) => (await import('./netcheck.js')).netcheck(call),
  },
  {
    name: 'roles',
    operands: '',
    summary: 'who is a supernode now, whom it serves, and when its term ends',
    options: ASKING,
    notes: ['Everybody who is there is asked; ? stands for one that does not say.'],
    run: async (call) => (await import('./roles.js')).roles(call),
  },
  {
    name: 'trace',
    operands: 'NAME',
    summary: 'every hop to a peer: link, round trip and age of each',
    options: { ...ASKING, require: REQUIRE },
    notes: ['A hop that does not answer is shown as *.'],
    run: async (call) => (await import('./trace.js')).trace(call),
  },
  {
    name: 'explain',
    operands: 'NAME',
    summary: 'why a peer is reached by this path, and when a direct one is tried again',
    options: ASKING,
    run: async (call) => (await import('./trace.js')).explain(call),
  },
  {
    name: 'request',
    operands: 'NAME PATH [JSON]',
    summary: 'ask a peer, and print its answer',
    options: ASKING,
    notes: ['For example: fogwisp request attic load', "             fogwisp request bench led 'true'"],
    run: async (call) => (await import('./request.js')).request(call),
  },
  {
    name: 'listen',
    operands: '[TOPIC]',
    summary: "print what the broker gives out, such as 'fog/#' (default: all of the gateway)",
    options: {
      ...JSON_OPTION,
      ...SOCKET_OPTION,
      count: { type: 'text', value: 'N', help: 'end after so many messages' },
      timeout: { type: 'text', value: 'TIME', help: 'end after that time; exit with 5 when nothing came' },
    },
    run: async (call) => (await import('./listen.js')).listen(call),
  },
  {
    name: 'identity',
    operands: '',
    summary: 'name and id of the gateway',
    options: ASKING,
    run: async (call) => (await import('./identity.js')).identity(call),
  },
  {
    name: 'network create',
    operands: '[FILE]',
    summary: 'make a new network: print its text, or write it to a file',
    options: JSON_OPTION,
    run: async (call) => (await import('./network.js')).create(call),
  },
  {
    name: 'network show',
    operands: '',
    summary: 'the text of the network that the gateway is in, to join others with',
    options: ASKING,
    run: async (call) => (await import('./network.js')).show(call),
  },
  {
    name: 'network invite',
    operands: '',
    summary: 'a join ticket: the network key and addresses, as text and as a code for a camera',
    options: {
      ...ASKING,
      expires: {
        type: 'text',
        value: 'TIME',
        help: 'how long it is good, such as 2h or 7d, or never (default: 1d)',
      },
      address: {
        type: 'texts',
        value: 'HOST:PORT',
        help: 'where this network is reached, in place of what the gateway knows; may be repeated',
      },
    },
    notes: ['Whoever has the ticket is in the network, also after it has expired: it holds the key.'],
    run: async (call) => (await import('./invite.js')).invite(call),
  },
  {
    name: 'network join',
    operands: 'TICKET [FILE]',
    summary: 'write the network of a join ticket to a file (default: that of the gateway here)',
    options: {
      ...JSON_OPTION,
      name: { type: 'text', value: 'NAME', help: 'of which gateway here (default: the host name)' },
      state: { type: 'text', value: 'DIR', help: 'where that keeps its identity' },
      force: { type: 'flag', help: 'also over the key of another network, which is lost then' },
    },
    notes: ['- in place of TICKET reads it from stdin, where no list of processes shows it.'],
    run: async (call) => (await import('./invite.js')).join(call),
  },
  {
    name: 'config check',
    operands: '[FILE]',
    summary: 'read a configuration and say what is wrong with it, by line and column',
    options: JSON_OPTION,
    run: async (call) => (await import('./config-check.js')).check(call),
  },
];

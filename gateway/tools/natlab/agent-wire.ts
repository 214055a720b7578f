/** What passes between the lab and its agents in the namespaces. */

export type AgentOrder =
  | { readonly kind: 'open'; readonly socket: number; readonly address: string; readonly port: number }
  | {
      readonly kind: 'send';
      readonly socket: number;
      readonly to: string;
      readonly port: number;
      readonly text: string;
    }
  | { readonly kind: 'listen' | 'dial'; readonly address: string; readonly port: number }
  | { readonly kind: 'addresses' };

export interface Datagram {
  readonly socket: number;
  readonly from: string;
  readonly port: number;
  readonly text: string;
}

export type AgentReply =
  /** With those of its own interfaces. */
  | { readonly kind: 'done'; readonly id: number; readonly addresses: readonly string[] }
  | { readonly kind: 'failed'; readonly id: number; readonly trouble: string }
  | { readonly kind: 'received'; readonly datagram: Datagram };

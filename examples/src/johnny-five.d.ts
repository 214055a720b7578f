/** johnny-five has no types: the part that the examples use. */
declare module 'johnny-five' {
  class Board {
    constructor(options: { io: object; repl: boolean; debug: boolean; sigint: boolean });
    on(event: 'ready', listener: () => void): this;
  }
  class Led {
    constructor(options: { pin: number; board: Board });
    on(): this;
    off(): this;
  }
  const five: { readonly Board: typeof Board; readonly Led: typeof Led };

  export { five as 'default' };
}

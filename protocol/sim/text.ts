const HEX = '0123456789abcdef';

export function bytesToHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX.charAt(byte >> 4) + HEX.charAt(byte & 15);
  return text;
}

export function hexToBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = HEX.indexOf(text.charAt(2 * i)) * 16 + HEX.indexOf(text.charAt(2 * i + 1));
  }
  return bytes;
}

export function toHex32(value: number): string {
  let text = '';
  for (let shift = 28; shift >= 0; shift -= 4) text += HEX.charAt((value >>> shift) & 15);
  return text;
}

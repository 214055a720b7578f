/**
 * As much of XML as routers use to say what they are: elements and text. Prefixes of names are left out,
 * attributes are not kept, and what declares entities, nests deeply or is not well-formed is not read at all.
 */
export interface XmlElement {
  readonly name: string;
  readonly children: XmlElement[];
  text: string;
}

const DEPTH_MAX = 16;
const ELEMENTS_MAX = 2000;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const ENTITY = /&(amp|lt|gt|quot|apos);/g;
const ATTRIBUTES = `(?:\\s+[\\w.:-]+\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*\\s*`;
/** A remark, a tag (is it an end, prefix, name, is it empty), or text. */
const TOKEN = `<\\?[^<>]*\\?>|<!--[^]*?-->|<(/?)(?:[\\w.-]+:)?([\\w.-]+)${ATTRIBUTES}(/?)>|([^<]+)`;

/** The one element that a document is; undefined when it is none. */
export function parseXml(document: string): XmlElement | undefined {
  const top: XmlElement = { name: '', children: [], text: '' };
  const open = [top];
  const token = new RegExp(TOKEN, 'y');
  let elementCount = 0;
  while (token.lastIndex < document.length) {
    const found = token.exec(document);
    const inner = open.at(-1);
    if (found === null || inner === undefined) return undefined;
    const [, end, name, empty, text] = found;
    if (text !== undefined) inner.text += text.replace(ENTITY, (as, key) => ENTITIES[key] ?? as);
    if (name === undefined) continue;
    if (end === '/') {
      if (inner.name !== name) return undefined;
      open.pop();
      continue;
    }
    const element: XmlElement = { name, children: [], text: '' };
    inner.children.push(element);
    if (empty === '') open.push(element);
    if (++elementCount > ELEMENTS_MAX || open.length > DEPTH_MAX) return undefined;
  }
  const isWhole = open.length === 1 && top.children.length === 1 && top.text.trim() === '';
  return isWhole ? top.children[0] : undefined;
}

/** All elements of a name, in the order of the document. */
export function elementsOf(within: XmlElement, name: string): readonly XmlElement[] {
  const deeper = within.children.flatMap((child) => elementsOf(child, name));
  return within.name === name ? [within, ...deeper] : deeper;
}

/** What the first element of a name says. */
export function textOf(within: XmlElement, name: string): string | undefined {
  return elementsOf(within, name)[0]?.text.trim();
}

// The gateway as a document: its collections, what refers to what, and copies of it in which something is different.
import { nameOf, type Gateway, type Ref } from "./api";

export type Tree = { [name: string]: unknown };

/** Item is a member of a collection of the gateway. */
export type Item = { name: string; properties: Tree };

export const isTree = (v: unknown): v is Tree => typeof v === "object" && v !== null && !Array.isArray(v);

/** itemsOf are the members of a collection. */
export const itemsOf = (g: Gateway, collection: string): Item[] => (g.properties[collection] as Item[] | undefined) ?? [];

export const itemOf = (g: Gateway, collection: string, name: string) => itemsOf(g, collection).find((i) => i.name.toLowerCase() === name.toLowerCase());

/** refTo is how the document names a member of a collection. */
export const refTo = (g: Gateway, collection: string, name: string): Ref => ({ id: `${g.id}/${collection}/${name}` });

/** nameIn is the name that a reference ends with; empty: there is none. */
export const nameIn = (ref: unknown) => (isTree(ref) && typeof ref["id"] === "string" ? nameOf({ id: ref["id"] }) : "");

/** valueAt is what stands at a path with dots. */
export function valueAt(tree: Tree, path: string): unknown {
  return path.split(".").reduce<unknown>((at, part) => (isTree(at) ? at[part] : undefined), tree);
}

/** withValue is a copy of a tree with another value at a path; undefined, or an empty text, removes it. */
export function withValue(tree: Tree, path: string, value: unknown): Tree {
  const [part = "", ...rest] = path.split(".");
  const next = { ...tree };
  const inner = rest.length > 0 ? withValue(isTree(next[part]) ? (next[part] as Tree) : {}, rest.join("."), value) : value;
  if (inner === undefined || inner === "" || (isTree(inner) && Object.keys(inner).length === 0)) {
    delete next[part];
  } else {
    next[part] = inner;
  }
  return next;
}

/** withItem is a copy of the gateway in which a member of a collection is another one: old is its name now, undefined for a new one; item
 * undefined removes it. */
export function withItem(g: Gateway, collection: string, old: string | undefined, item: Item | undefined): Gateway {
  const before = itemsOf(g, collection);
  const i = before.findIndex((x) => x.name === old);
  const after = i < 0 ? [...before, ...(item ? [item] : [])] : before.flatMap((x, j) => (j === i ? (item ? [{ ...x, ...item }] : []) : [x]));
  return { ...g, properties: { ...g.properties, [collection]: after } };
}

/** User is a member of a collection that refers to another one. */
export type User = { collection: string; name: string };

/** usersOf are the members that refer to one. */
export function usersOf(g: Gateway, collection: string, name: string): User[] {
  const end = `/${collection}/${name}`.toLowerCase();
  const refers = (v: unknown): boolean =>
    Array.isArray(v) ? v.some(refers) : isTree(v) && Object.entries(v).some(([key, x]) => (key === "id" && typeof x === "string" && x.toLowerCase().endsWith(end)) || refers(x));
  return Object.entries(g.properties).flatMap(([other, list]) =>
    Array.isArray(list)
      ? (list as Item[]).filter((x) => isTree(x.properties) && !(other === collection && x.name === name) && refers(x.properties)).map((x) => ({ collection: other, name: x.name }))
      : [],
  );
}

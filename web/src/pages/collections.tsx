import { Button, Card, MessageBar, MessageBarBody, Text, Title3 } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";
import { Link } from "react-router";
import type { Gateway } from "../api";
import { Editor } from "../editor";
import { a, isOf, placeOf, places, type Collection, type FieldOf } from "../fields";
import { Page, Table, count, useParameter } from "../parts";
import { itemsOf, nameIn, usersOf, valueAt, type Item } from "../resource";
import { useMayChange } from "../session";

/** collectionsPage is the page of some collections. */
export function collectionsPage(path: string) {
  const place = places.find((p) => p.path === path);
  return function Collections({ gateway }: { gateway: Gateway }) {
    const [edit, setEdit] = useParameter("edit", "");
    const [saved, setSaved] = useState(false);
    const [of, name = ""] = edit.split("/");
    const collections = place?.collections.filter((c) => isOf(c, gateway.properties.sku.name)) ?? [];
    const edited = collections.find((c) => c.of === of);
    const add = (c: Collection) => {
      setSaved(false);
      setEdit(`${c.of}/`);
    };
    const close = (inForce: boolean) => {
      setSaved(inForce);
      setEdit("");
    };
    return (
      <Page title={place?.name ?? ""}>
        {saved && !edited && (
          <MessageBar intent="success">
            <MessageBarBody>The change is in force.</MessageBarBody>
          </MessageBar>
        )}
        {collections.map((c) => (
          <List key={c.of} gateway={gateway} collection={c} alone={collections.length === 1} add={() => add(c)} />
        ))}
        {edited && <Editor key={edit} gateway={gateway} collection={edited} name={name} close={close} />}
      </Page>
    );
  };
}

function List({ gateway, collection: c, alone, add }: { gateway: Gateway; collection: Collection; alone: boolean; add: () => void }) {
  const mayChange = useMayChange();
  const columns = c.fields.filter((f) => f.column && isOf(f, gateway.properties.sku.name));
  const all = itemsOf(gateway, c.of);
  return (
    <Card>
      {!alone && <Title3 as="h2">{c.many}</Title3>}
      {c.unserved && all.length > 0 && (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>{c.unserved}</MessageBarBody>
        </MessageBar>
      )}
      <Table
        name={c.many}
        columns={["Name", ...columns.map((f) => f.label), ...(c.last ? [] : ["Used by"])]}
        none={`The gateway has no ${c.one}.`}
        rows={all.map((item) => ({
          key: item.name,
          cells: [
            <Link to={placeOf(c.of, item.name)}>{item.name}</Link>,
            ...columns.map((f) => <Cell key={f.path} field={f} item={item} />),
            ...(c.last ? [] : [<Users key="users" gateway={gateway} collection={c.of} name={item.name} />]),
          ],
        }))}
      />
      <div>
        {mayChange ? (
          <Button size="small" onClick={add}>
            Add {a(c.one)}
          </Button>
        ) : (
          <Text size={200}>{count(all.length)} in all. Your role, reader, may look and change nothing.</Text>
        )}
      </div>
    </Card>
  );
}

/** Users are those that refer to a member of a collection. */
function Users({ gateway, collection, name }: { gateway: Gateway; collection: string; name: string }): ReactNode {
  const users = usersOf(gateway, collection, name);
  return users.length === 0
    ? "nothing"
    : users.map((u, i) => (
        <span key={u.collection + u.name}>
          {i > 0 && ", "}
          <Link to={placeOf(u.collection, u.name)}>{u.name}</Link>
        </span>
      ));
}

/** Cell is a property in the list. */
function Cell({ field: f, item }: { field: FieldOf; item: Item }): ReactNode {
  const value = valueAt(item.properties, f.path);
  switch (f.kind) {
    case "ref":
      return nameIn(value) ? <Link to={placeOf(f.to, nameIn(value))}>{nameIn(value)}</Link> : "";
    case "addresses":
      return ((value as { ipAddress?: string; fqdn?: string }[] | undefined) ?? []).map((a) => a.ipAddress ?? a.fqdn).join(", ") || "none";
    case "lines":
      return ((value as string[] | undefined) ?? []).join(", ");
    case "number":
      return value === undefined && f.otherwise === undefined ? "" : `${(value ?? f.otherwise) as number}${f.unit ? " " + f.unit : ""}`;
    case "choice":
      return String(value ?? f.otherwise ?? "");
    case "json":
      return Array.isArray(value) ? value.map((x: { name?: string }) => x.name).join(", ") : nameIn(value) || (value === undefined ? "" : "set");
    default:
      return value === undefined ? "" : String(value);
  }
}

export const Pools = collectionsPage("pools");
export const BackendSettings = collectionsPage("settings");
export const Frontends = collectionsPage("frontends");
export const Listeners = collectionsPage("listeners");
export const Rules = collectionsPage("rules");
export const Rewrites = collectionsPage("rewrites");
export const Probes = collectionsPage("probes");
export const Certificates = collectionsPage("tls");

import { Button, Card, MessageBar, MessageBarBody, Text, Title3 } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";
import { Link } from "react-router";
import type { Gateway } from "../api";
import { Editor } from "../editor";
import { placeOf, places, type Collection, type FieldOf } from "../fields";
import { Page, Table, count, useParameter } from "../parts";
import { itemOf, itemsOf, nameIn, usersOf, valueAt, type Item } from "../resource";
import { useMayChange } from "../session";

/** collectionsPage is the page of some collections. */
export function collectionsPage(path: string) {
  const place = places.find((p) => p.path === path);
  return function Collections({ gateway }: { gateway: Gateway }) {
    const [edit, setEdit] = useParameter("edit", "", ["name"]);
    const [named] = useParameter("name", "");
    const [saved, setSaved] = useState(false);
    const [of, name = ""] = edit ? edit.split("/") : [place?.collections.find((c) => itemOf(gateway, c.of, named))?.of, named];
    const open = (what: string) => {
      setSaved(false);
      setEdit(what);
    };
    const close = () => setEdit("");
    const edited = place?.collections.find((c) => c.of === of);
    return (
      <Page title={place?.name ?? ""}>
        {saved && (
          <MessageBar intent="success">
            <MessageBarBody>The change is in force.</MessageBarBody>
          </MessageBar>
        )}
        {place?.collections.map((c) => <List key={c.of} gateway={gateway} collection={c} alone={place.collections.length === 1} open={(n) => open(`${c.of}/${n}`)} />)}
        {edited && (
          <Editor
            key={`${edited.of}/${name}`}
            gateway={gateway}
            collection={edited}
            name={name}
            saved={() => {
              setSaved(true);
              close();
            }}
            close={close}
          />
        )}
      </Page>
    );
  };
}

function List({ gateway, collection: c, alone, open }: { gateway: Gateway; collection: Collection; alone: boolean; open: (name: string) => void }) {
  const mayChange = useMayChange();
  const columns = c.fields.filter((f) => f.column);
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
        columns={["Name", ...columns.map((f) => f.label), "Used by"]}
        none={`The gateway has no ${c.one}.`}
        rows={all.map((item) => ({
          key: item.name,
          cells: [
            <Button size="small" appearance="transparent" onClick={() => open(item.name)}>
              {item.name}
            </Button>,
            ...columns.map((f) => <Cell key={f.path} field={f} item={item} />),
            usersOf(gateway, c.of, item.name).map((u, i) => (
              <span key={u.collection + u.name}>
                {i > 0 && ", "}
                <Link to={placeOf(u.collection, u.name)}>{u.name}</Link>
              </span>
            )),
          ],
        }))}
      />
      <div>
        {mayChange ? (
          <Button size="small" onClick={() => open("")}>
            Add a {c.one}
          </Button>
        ) : (
          <Text size={200}>{count(all.length)} in all. Your role, reader, may look and change nothing.</Text>
        )}
      </div>
    </Card>
  );
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
      return value === undefined ? (f.otherwise ?? "") : `${value as number}${f.unit ? " " + f.unit : ""}`;
    case "choice":
      return String(value ?? f.otherwise ?? "");
    case "json":
      return nameIn(value) || (value === undefined ? "" : "set");
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

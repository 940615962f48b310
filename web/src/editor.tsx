import {
  Button,
  Dialog,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Input,
  MessageBar,
  MessageBarBody,
  Select,
  Switch,
  Text,
  Textarea,
  useFieldControlProps_unstable,
} from "@fluentui/react-components";
import { useEffect, useState } from "react";
import { Link } from "react-router";
import type { Found, Gateway } from "./api";
import { Labelled, Save, problemAt, useValidation } from "./edit";
import { a, isOf, placeOf, type Collection, type FieldOf } from "./fields";
import { itemOf, itemsOf, nameIn, refTo, usersOf, valueAt, withItem, withValue, type Tree } from "./resource";
import { useMayChange } from "./session";

type EditorProps = { gateway: Gateway; collection: Collection; name: string; close: (inForce: boolean) => void };

/** Editor edits a member of a collection, or a new one if the name is empty. */
export function Editor(props: EditorProps) {
  return (
    <Dialog open modalType="alert">
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{props.name || `Add ${a(props.collection.one)}`}</DialogTitle>
          <DialogContent>
            <Form {...props} />
          </DialogContent>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}

function Form({ gateway, collection: c, name, close }: EditorProps) {
  const mayChange = useMayChange();
  const [base, setBase] = useState(gateway);
  const before = itemOf(base, c.of, name)?.properties ?? {};
  const [edits, setEdits] = useState<Tree>({}); // by path; undefined removes
  const [newName, setNewName] = useState("");
  const [bad, setBad] = useState<Record<string, string>>({}); // what is typed and is no value, by path
  const [removing, setRemoving] = useState(false);
  const typed = Object.entries(edits).reduce<Tree>((tree, [path, value]) => withValue(tree, path, value), before);
  const edited = name ? Object.keys(edits).length > 0 : newName !== "";
  const ready = removing || (edited && Object.keys(bad).length === 0);
  const item = removing ? undefined : { name: name || newName, properties: typed };
  const next = useStable(ready ? withItem(base, c.of, name || undefined, item) : undefined);
  const validation = useValidation(next);
  const at = `properties.${c.of}[${name ? itemsOf(base, c.of).findIndex((i) => i.name === name) : itemsOf(base, c.of).length}]`;
  const problems = ready ? validation.query.data?.problems : [];
  const shown = c.fields.filter((f) => isOf(f, base.properties.sku.name) && (!f.when || (valueAt(typed, f.when.path) ?? false) === f.when.is));
  const beside = (p: Found) => !removing && shown.some((f) => problemAt([p], `${at}.properties.${f.path}`) !== undefined);
  const set = (path: string, value: unknown, wrong?: string) => {
    setBad((old) => {
      const { [path]: _, ...rest } = old;
      return wrong ? { ...rest, [path]: wrong } : rest;
    });
    if (!wrong) {
      setEdits((old) => ({ ...old, [path]: value }));
    }
  };
  if (name && !itemOf(base, c.of, name)) {
    return (
      <>
        <Text block>
          The gateway has no {c.one} {name}.
        </Text>
        <Button onClick={() => close(false)}>Close</Button>
      </>
    );
  }
  const users = name ? usersOf(base, c.of, name) : [];
  return (
    <div style={{ display: "grid", rowGap: 10 }}>
      {c.unserved && (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>{c.unserved}</MessageBarBody>
        </MessageBar>
      )}
      {!name && (
        <Labelled label="Name" problem={problemAt(problems, `${at}.name`)}>
          <Input value={newName} onChange={(_, d) => setNewName(d.value)} disabled={!mayChange} />
        </Labelled>
      )}
      {!removing &&
        shown.map((f) => (
          <One
            key={f.path}
            field={f}
            gateway={base}
            value={valueAt(typed, f.path)}
            problem={bad[f.path] ? { path: f.path, code: "", message: bad[f.path] ?? "", severity: "error" } : problemAt(problems, `${at}.properties.${f.path}`)}
            disabled={!mayChange}
            set={(value, wrong) => set(f.path, value, wrong)}
          />
        ))}
      {users.length > 0 && (
        <Text size={200}>
          Used by{" "}
          {users.map((u, i) => (
            <span key={u.collection + u.name}>
              {i > 0 && ", "}
              {edited ? u.name : <Link to={placeOf(u.collection, u.name)}>{u.name}</Link>}
            </span>
          ))}
          .
        </Text>
      )}
      {name && mayChange && !removing && (
        <div>
          <Button size="small" disabled={users.length > 0} onClick={() => setRemoving(true)}>
            Delete {name}
          </Button>
          {users.length > 0 && <Text size={200}> It can be deleted once nothing uses it.</Text>}
        </div>
      )}
      {removing && <Text>{name} goes once you save.</Text>}
      <Save
        base={base}
        gateway={gateway}
        next={next}
        here={beside}
        rebase={() => setBase(gateway)}
        saved={() => close(true)}
        leave={() => close(false)}
        validation={validation}
      />
    </div>
  );
}

/** useStable is a value that stays the same object as long as it says the same. */
function useStable<T>(value: T): T {
  const [kept, setKept] = useState(value);
  const same = JSON.stringify(kept) === JSON.stringify(value);
  useEffect(() => {
    if (!same) {
      setKept(value);
    }
  });
  return same ? kept : value;
}

type OneProps = {
  field: FieldOf;
  gateway: Gateway;
  value: unknown;
  problem: Found | undefined;
  disabled: boolean;
  set: (value: unknown, wrong?: string) => void;
};

const lines = (text: string) => text.split("\n").map((l) => l.trim()).filter(Boolean);

const isAddress = /^[\d.]+$|:/;

/** One is a field of the form. */
function One({ field: f, gateway, value, problem, disabled, set }: OneProps) {
  const label = f.kind === "number" && f.unit ? `${f.label} (${f.unit})` : f.label;
  const wrap = (input: React.ReactNode, hint = f.hint) => (
    <Labelled label={label} hint={hint} problem={problem}>
      {input}
    </Labelled>
  );
  switch (f.kind) {
    case "text":
      return wrap(<Input value={String(value ?? "")} disabled={disabled} onChange={(_, d) => set(d.value)} />);
    case "secret":
      return wrap(<Input type="password" autoComplete="new-password" value={String(value ?? "")} disabled={disabled} onChange={(_, d) => set(d.value)} />);
    case "number":
      return wrap(<NumberInput value={value} otherwise={f.otherwise} disabled={disabled} set={set} />);
    case "switch":
      return (
        <Labelled hint={f.hint} problem={problem}>
          <Switch label={f.label} checked={value === undefined ? f.otherwise === true : value === true} disabled={disabled} onChange={(_, d) => set(d.checked)} />
        </Labelled>
      );
    case "choice":
      return wrap(
        <Select value={String(value ?? f.otherwise ?? "")} disabled={disabled} onChange={(_, d) => set(d.value)}>
          {value === undefined && !f.otherwise && <option value="">choose</option>}
          {f.options.map((o) => (
            <option key={o}>{o}</option>
          ))}
        </Select>,
      );
    case "ref":
      return wrap(
        <Select value={nameIn(value)} disabled={disabled} onChange={(_, d) => set(d.value ? refTo(gateway, f.to, d.value) : undefined)}>
          <option value="">none</option>
          {itemsOf(gateway, f.to).map((i) => (
            <option key={i.name}>{i.name}</option>
          ))}
        </Select>,
      );
    case "refs":
      return wrap(
        <TextLines
          value={((value as unknown[] | undefined) ?? []).map(nameIn)}
          disabled={disabled}
          set={(names) => {
            const unknown = names.find((n) => !itemOf(gateway, f.to, n));
            set(names.map((n) => refTo(gateway, f.to, n)), unknown && `there is no ${unknown}; there is ${itemsOf(gateway, f.to).map((i) => i.name).join(", ") || "none"}`);
          }}
        />,
        f.hint ?? "One name a line.",
      );
    case "lines":
      return wrap(<TextLines value={(value as string[] | undefined) ?? []} disabled={disabled} set={(all) => set(all.length > 0 ? all : undefined)} />);
    case "addresses":
      return wrap(
        <TextLines
          value={((value as { ipAddress?: string; fqdn?: string }[] | undefined) ?? []).map((a) => a.ipAddress ?? a.fqdn ?? "")}
          disabled={disabled}
          set={(all) => set(all.map((a) => (isAddress.test(a) ? { ipAddress: a } : { fqdn: a })))}
        />,
      );
    case "file":
      return wrap(<FileInput disabled={disabled} set={set} />);
    case "json":
      return wrap(<Json value={value} disabled={disabled} set={set} />);
  }
}

/** NumberInput keeps what is typed, also while it is no number. */
function NumberInput({ value, otherwise, disabled, set }: { value: unknown; otherwise: number | undefined; disabled: boolean; set: OneProps["set"] }) {
  const [text, setText] = useState(value === undefined ? "" : String(value));
  return (
    <Input
      inputMode="numeric"
      value={text}
      {...(otherwise !== undefined && { placeholder: String(otherwise) })}
      disabled={disabled}
      onChange={(_, d) => {
        setText(d.value);
        const n = Number(d.value);
        set(d.value.trim() === "" ? undefined : n, d.value.trim() !== "" && !Number.isFinite(n) ? "this is no number" : undefined);
      }}
    />
  );
}

/** TextLines is a list, one a line. */
function TextLines({ value, disabled, set }: { value: string[]; disabled: boolean; set: (all: string[]) => void }) {
  const [text, setText] = useState(value.join("\n"));
  return (
    <Textarea
      value={text}
      disabled={disabled}
      resize="vertical"
      rows={Math.max(2, Math.min(8, value.length + 1))}
      onChange={(_, d) => {
        setText(d.value);
        set(lines(d.value));
      }}
    />
  );
}

/** Json edits what has no form of its own, as the document has it. */
function Json({ value, disabled, set }: { value: unknown; disabled: boolean; set: OneProps["set"] }) {
  const [text, setText] = useState(value === undefined ? "" : JSON.stringify(value, null, 2));
  return (
    <Textarea
      value={text}
      disabled={disabled}
      resize="vertical"
      rows={Math.max(2, Math.min(16, text.split("\n").length))}
      textarea={{ style: { fontFamily: "monospace" }, spellCheck: false }}
      onChange={(_, d) => {
        setText(d.value);
        if (d.value.trim() === "") {
          set(undefined);
          return;
        }
        try {
          set(JSON.parse(d.value));
        } catch (e) {
          set(undefined, `this is no JSON: ${(e as Error).message}`);
        }
      }}
    />
  );
}

/** FileInput gives a file's bytes as Base64. A PEM file already is that, between its lines. */
function FileInput({ disabled, set }: { disabled: boolean; set: OneProps["set"] }) {
  const field = useFieldControlProps_unstable({}, { supportsLabelFor: true }); // what Fluent's own inputs do
  return (
    <input
      {...field}
      type="file"
      disabled={disabled}
      onChange={(e) => {
        const file = e.target.files?.[0];
        void file?.arrayBuffer().then((bytes) => {
          const pem = /-----BEGIN CERTIFICATE-----([\s\S]*?)-----END CERTIFICATE-----/.exec(new TextDecoder().decode(bytes));
          set(pem?.[1]?.replace(/\s/g, "") ?? btoa(Array.from(new Uint8Array(bytes), (b) => String.fromCharCode(b)).join("")));
        });
      }}
    />
  );
}

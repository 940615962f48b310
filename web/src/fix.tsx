import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Spinner,
  Text,
} from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Expected, Fix, Gateway, Setting } from "./api";
import { made, planned, reversed, type Plan } from "./apply";
import { Answered, Failure, Table, count } from "./parts";
import { useMayChange } from "./session";

/** saves says what a fix would have saved. */
function saves({ removes: [low, high], basis, note }: Expected): string {
  const of = low === high ? count(low) : `${count(low)} to ${count(high)}`;
  const text = basis === "unknown" ? `How many of these it saves is not known, ${count(high)} at most` : `Saves ${of} of these (${basis})`;
  return note ? `${text}; ${note}.` : `${text}.`;
}

/** Applied is called once a change is in force, since a time, with what would take it back. */
export type Applied = (since: string, undo: Setting[]) => void;

const tools: [string, string][] = [["causeway", "Causeway"], ["azCli", "Azure CLI"], ["powershell", "PowerShell"], ["portal", "Azure's portal"]];

/** Commands are the forms of a change, Causeway's own first. */
export function Commands({ of }: { of: Record<string, string> }) {
  return tools
    .filter(([tool]) => of[tool])
    .map(([tool, name]) => (
      <pre key={tool}>
        {name}: {of[tool]}
      </pre>
    ));
}

/** What is one thing to do, with what it would save, and a button where it can be done from here. */
export function What({ fix, gateway, applied }: { fix: Fix; gateway?: Gateway; applied?: Applied }) {
  return (
    <section>
      <Text>
        On the {fix.side}: {fix.change}
      </Text>
      <Commands of={fix.commands} />
      <Text block size={200}>
        {saves(fix.expected)}
      </Text>
      {gateway && fix.set && <Apply gateway={gateway} set={fix.set} why={fix.change} expected={saves(fix.expected)} applied={applied} />}
    </section>
  );
}

type ApplyProps = { gateway: Gateway; set: Setting[]; why: string; expected?: string; label?: string; applied: Applied | undefined };

/** Apply makes a change, after it has shown exactly what it changes. */
export function Apply({ gateway, set, why, expected, label = "Apply this fix", applied }: ApplyProps) {
  const mayChange = useMayChange();
  const [open, setOpen] = useState(false);
  if (!mayChange) {
    return <Text size={200}>It takes the role operator to apply it from here.</Text>;
  }
  return (
    <Dialog open={open} onOpenChange={(_, d) => setOpen(d.open)}>
      <Button size="small" onClick={() => setOpen(true)}>
        {label}
      </Button>
      <DialogSurface>{open && <Confirm gateway={gateway} set={set} why={why} expected={expected} close={() => setOpen(false)} applied={applied} />}</DialogSurface>
    </Dialog>
  );
}

function Confirm({ gateway, set, why, expected, close, applied }: Omit<ApplyProps, "label" | "expected"> & { expected: string | undefined; close: () => void }) {
  const cache = useQueryClient();
  const plan = useQuery({ queryKey: [gateway.id, "plan", set], queryFn: () => planned(gateway, set), retry: false, gcTime: 0, staleTime: Infinity });
  const apply = useMutation({
    mutationFn: (p: Plan) => made(p),
    onSuccess: (since, p) => {
      applied?.(since, reversed(p));
      close();
      return cache.invalidateQueries({ queryKey: ["gateway"] });
    },
  });
  const nothing = plan.data?.steps.every(({ setting, was }) => same(setting.value, was)) ?? false;
  return (
    <DialogBody>
      <DialogTitle>Make this change?</DialogTitle>
      <DialogContent>
        <Text block>{why}</Text>
        <Answered query={plan}>
          {(p) => (
            <Table
              name="What changes"
              columns={["In", "Setting", "Now", "Then"]}
              none=""
              rows={p.steps.map(({ setting, was }) => ({
                key: setting.file + setting.path,
                cells: [setting.file, setting.path.replaceAll("/", " › "), shown(was), shown(setting.value)],
              }))}
            />
          )}
        </Answered>
        {nothing && <Text block>The gateway has these values already. Diagnose again, for a window after that change.</Text>}
        {expected && <Text block>{expected}</Text>}
        <Text block size={200}>
          It takes effect without cutting a connection. Then this page watches whether failures stop, and can take the change back.
        </Text>
        {apply.error && <Failure error={apply.error} />}
        {apply.isPending && <Spinner label="The gateway is taking the change into force" size="tiny" />}
      </DialogContent>
      <DialogActions>
        <Button appearance="primary" disabled={!plan.data || nothing || apply.isPending} onClick={() => plan.data && apply.mutate(plan.data)}>
          Apply
        </Button>
        <Button onClick={close}>Cancel</Button>
      </DialogActions>
    </DialogBody>
  );
}

const shown = (v: unknown) => (v === undefined || v === null ? "not set" : typeof v === "string" ? v : JSON.stringify(v));

const same = (a: unknown, b: unknown) => shown(a) === shown(b);

import { Button, Field, MessageBar, MessageBarActions, MessageBarBody, Spinner, Text } from "@fluentui/react-components";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";
import { Problem, request, type Found, type Gateway, type Validation } from "./api";
import { inForce } from "./apply";
import { Changes } from "./changes";
import { Answered, Failure } from "./parts";
import { useMayChange } from "./session";

/** useSlow is a value that has stood still for a moment. */
function useSlow<T>(value: T, wait = 400): T {
  const [slow, setSlow] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(value), wait);
    return () => clearTimeout(timer);
  }, [value, wait]);
  return slow;
}

/** useValidation asks the gateway what it would find and change; next undefined: there is nothing to ask about. It is settled once the answer
 * is that of what is typed now. */
export function useValidation(next: Gateway | undefined) {
  const slow = useSlow(next);
  const query = useQuery({
    queryKey: ["validation", slow],
    enabled: slow !== undefined,
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 0,
    queryFn: ({ signal }) => request<Validation>("POST", `${slow?.id}/providers/Causeway/validate`, slow, {}, signal),
  });
  return { query, settled: slow === next && query.isSuccess && !query.isPlaceholderData };
}

/** problemAt is what is wrong at a path of the document; undefined: nothing. */
export function problemAt(problems: Found[] | undefined, path: string): Found | undefined {
  const low = path.toLowerCase();
  return problems?.find((p) => p.path.toLowerCase() === low || p.path.toLowerCase().startsWith(low + "[") || p.path.toLowerCase().startsWith(low + "."));
}

type EditProps = {
  /** base is the gateway of which the change began, and gateway what it is now. */
  base: Gateway;
  gateway: Gateway;
  /** next is the gateway with the change; undefined: nothing is changed, or what is typed is no value. */
  next: Gateway | undefined;
  /** here are the problems that are shown beside their fields already. */
  here?: (p: Found) => boolean;
  rebase: () => void;
  saved: () => void;
  leave: () => void;
  validation: ReturnType<typeof useValidation>;
};

/** Save goes from what was typed to what is in force: its problems, the exact change, and the change itself. What somebody else has changed
 * meanwhile is not overwritten, and what was typed stays until it is in force. */
export function Save({ base, gateway, next, here = () => false, rebase, saved, leave, validation }: EditProps) {
  const mayChange = useMayChange();
  const cache = useQueryClient();
  const [asking, setAsking] = useState(false);
  const moved = base.etag !== gateway.etag;
  const save = useMutation({
    mutationFn: (g: Gateway) => inForce(g),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: ["gateway"] });
      saved();
    },
    onError: (e) => e instanceof Problem && e.status === 412 && void cache.invalidateQueries({ queryKey: ["gateway"] }),
  });
  const problems = next ? (validation.query.data?.problems ?? []) : [];
  const wrong = problems.some((p) => p.severity === "error");
  if (!mayChange) {
    return (
      <Actions>
        <Button onClick={leave}>Close</Button>
        <Text size={200}>Your role, reader, may look and change nothing.</Text>
      </Actions>
    );
  }
  return (
    <>
      <Problems of={problems.filter((p) => !here(p))} />
      {moved && !save.isPending && (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>Somebody has changed the gateway since this change was begun. What you typed is still here.</MessageBarBody>
          <MessageBarActions>
            <Button
              size="small"
              onClick={() => {
                save.reset();
                setAsking(false);
                rebase();
              }}
            >
              Make it on what is in force now
            </Button>
          </MessageBarActions>
        </MessageBar>
      )}
      {validation.query.error && next && <Failure error={validation.query.error} />}
      {save.error && <Failure error={save.error} />}
      {asking && next && (
        <section aria-label="The change">
          <Answered query={validation.query}>{(v) => <Changes of={v.changes} />}</Answered>
          <Text block size={200}>
            It takes effect without cutting a connection. The Revisions page has the way back.
          </Text>
        </section>
      )}
      {save.isPending && <Spinner size="tiny" label="The gateway is taking the change into force" />}
      <Actions>
        {asking ? (
          <Button appearance="primary" disabled={!next || wrong || moved || save.isPending || !validation.settled} onClick={() => next && save.mutate(next)}>
            Save
          </Button>
        ) : (
          <Button appearance="primary" disabled={!next || wrong || moved || !validation.settled} onClick={() => setAsking(true)}>
            Review
          </Button>
        )}
        <Button disabled={save.isPending} onClick={leave}>
          Discard
        </Button>
      </Actions>
    </>
  );
}

function Actions({ children }: { children: ReactNode }) {
  return <div style={{ display: "flex", gap: 8, alignItems: "center", flexWrap: "wrap", marginTop: 12 }}>{children}</div>;
}

/** Problems lists what is wrong, errors first. */
export function Problems({ of }: { of: Found[] }) {
  return of.map((p, i) => (
    <MessageBar key={i} intent={p.severity === "error" ? "error" : "warning"} layout="multiline">
      <MessageBarBody>
        {p.message}. {p.hint} <code>{p.path}</code>
      </MessageBarBody>
    </MessageBar>
  ));
}

/** Labelled is a field with what is wrong with it. */
export function Labelled({ label, hint, problem, children }: { label?: string; hint?: string | undefined; problem: Found | undefined; children: ReactNode }) {
  return (
    <Field
      {...(label && { label })}
      {...(hint && { hint })}
      {...(problem && {
        validationState: problem.severity === "error" ? ("error" as const) : ("warning" as const),
        validationMessage: [problem.message, problem.hint].filter(Boolean).join("; "),
      })}
    >
      {children as never}
    </Field>
  );
}

import { Button, Card, Dialog, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Input, MessageBar, MessageBarBody, Spinner, Title2, makeStyles, tokens } from "@fluentui/react-components";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, useCallback, useContext, useEffect, useState, type FormEvent, type ReactNode } from "react";
import { Problem, get, key, keyPlace, request } from "./api";
import { Failure } from "./parts";

export type Who = { caller: string; role: "reader" | "operator" | "owner"; key?: string };

const Session = createContext<Who>({ caller: "", role: "reader" });

/** useWho is who is signed in. */
export const useWho = () => useContext(Session);

/** useMayChange reports whether the role may change the gateway. */
export const useMayChange = () => useWho().role !== "reader";

const session = "/portal/session";

/** code is that of the link in the address; empty: there is none. */
const code = () => (location.hash.startsWith("#code=") ? location.hash.slice("#code=".length) : "");

/** Signed shows its children to whoever is signed in, and the sign-in to everybody else. */
export function Signed({ children }: { children: ReactNode }) {
  const cache = useQueryClient();
  const [refused, setRefused] = useState("");
  const [linked, setLinked] = useState(code() === "");
  const who = useQuery({
    queryKey: ["session"],
    queryFn: () => get<Who>(session),
    retry: false,
    enabled: linked,
    refetchInterval: (q) => (q.state.error && !ended(q.state.error) ? 3_000 : false), // a gateway that restarts
  });
  const done = useCallback(
    (w: Who) => {
      key.set(w.key ?? "");
      cache.setQueryData(["session"], w);
      void cache.invalidateQueries({ predicate: (q) => q.queryKey[0] !== "session" }); // what was refused meanwhile
    },
    [cache],
  );
  useEffect(() => {
    const elsewhere = (e: StorageEvent) => e.key === keyPlace && void cache.invalidateQueries(); // another tab signed in
    addEventListener("storage", elsewhere);
    return () => removeEventListener("storage", elsewhere);
  }, [cache]);
  useEffect(() => {
    const follow = () => {
      const given = code();
      if (given === "") {
        return;
      }
      history.replaceState(null, "", location.pathname + location.search); // it is used up, and nobody's to read
      request<Who>("POST", session, { code: given })
        .then(done)
        .catch((e: Problem) => setRefused(e.message))
        .finally(() => setLinked(true));
    };
    follow();
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, [done]);
  if (!linked || who.isPending) {
    return <Spinner label="Signing in" style={{ marginTop: "20vh" }} />;
  }
  if (who.data) {
    return (
      <Session.Provider value={who.data}>
        {children}
        <Again open={ended(who.error)} refused={refused} done={done} />
      </Session.Provider>
    );
  }
  if (who.error && !ended(who.error)) {
    return <Failure error={who.error} />;
  }
  return <Door refused={refused} done={done} />;
}

const ended = (e: Error | null) => e instanceof Problem && (e.status === 401 || e.status === 403);

const useStyles = makeStyles({
  page: { minHeight: "100vh", display: "grid", placeItems: "center", backgroundColor: tokens.colorNeutralBackground3 },
  card: { width: "min(26rem, 92vw)", padding: tokens.spacingHorizontalXXL, rowGap: tokens.spacingVerticalM },
  lead: { marginTop: 0, marginBottom: tokens.spacingVerticalM },
  form: { display: "grid", rowGap: tokens.spacingVerticalM },
});

type SignInProps = { refused: string; done: (w: Who) => void };

/** Door is what somebody sees who has not been signed in. */
function Door(props: SignInProps) {
  const styles = useStyles();
  useEffect(() => void (document.title = "Sign in – Causeway"), []);
  return (
    <main className={styles.page}>
      <Card className={styles.card}>
        <Title2 as="h1">Causeway</Title2>
        <SignIn {...props} />
      </Card>
    </main>
  );
}

/** Again asks somebody whose session has ended to sign in, over the page, which keeps everything that was typed. */
function Again({ open, ...props }: SignInProps & { open: boolean }) {
  return (
    <Dialog open={open} modalType="alert">
      <DialogSurface>
        <DialogBody>
          <DialogTitle>Your session has ended</DialogTitle>
          <DialogContent>
            <SignIn {...props} />
          </DialogContent>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}

function SignIn({ refused, done }: SignInProps) {
  const styles = useStyles();
  const [id, setId] = useState("");
  const [secret, setSecret] = useState("");
  const [mine, setProblem] = useState("");
  const problem = mine || refused;
  const [busy, setBusy] = useState(false);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    setBusy(true);
    request<Who>("POST", session, { clientId: id, clientSecret: secret })
      .then(done)
      .catch((e: Problem) => setProblem(e.message))
      .finally(() => setBusy(false));
  };
  return (
    <>
      <p className={styles.lead}>
        On the gateway's own machine, <code>causeway portal</code> prints a link that signs this browser in.
      </p>
      <form className={styles.form} onSubmit={submit}>
        <Field label="Client id" required>
          <Input value={id} onChange={(_, d) => setId(d.value)} autoComplete="username" />
        </Field>
        <Field label="Client secret" required hint="causeway api credentials create --role reader prints both">
          <Input type="password" value={secret} onChange={(_, d) => setSecret(d.value)} autoComplete="current-password" />
        </Field>
        {problem && (
          <MessageBar intent="error">
            <MessageBarBody>{problem}</MessageBarBody>
          </MessageBar>
        )}
        <Button type="submit" appearance="primary" disabled={busy || !id || !secret}>
          Sign in
        </Button>
      </form>
    </>
  );
}

/** leave ends the session, and loads the sign-in. */
export async function leave() {
  await request("DELETE", session).catch(() => undefined);
  location.assign("/portal/");
}

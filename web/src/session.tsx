import { Button, Card, Field, Input, MessageBar, MessageBarBody, Spinner, Title2, makeStyles, tokens } from "@fluentui/react-components";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useState, type FormEvent, type ReactNode } from "react";
import { Problem, get, request } from "./api";

export type Who = { caller: string; role: "reader" | "operator" | "owner" };

const Session = createContext<Who>({ caller: "", role: "reader" });

/** useWho is who is signed in. */
export const useWho = () => useContext(Session);

/** useMayChange reports whether the role may change the gateway. */
export const useMayChange = () => useWho().role !== "reader";

const session = "/portal/session";

/** Signed shows its children to whoever is signed in, and the sign-in to everybody else. */
export function Signed({ children }: { children: ReactNode }) {
  const cache = useQueryClient();
  const [refused, setRefused] = useState("");
  const [linked, setLinked] = useState(!location.hash.startsWith("#code="));
  const who = useQuery({ queryKey: ["session"], queryFn: () => get<Who>(session), retry: false, enabled: linked });
  useEffect(() => {
    const code = location.hash.slice("#code=".length);
    if (linked) {
      return;
    }
    history.replaceState(null, "", location.pathname + location.search); // it is used up, and nobody's to read
    request<Who>("POST", session, { code })
      .then((w) => cache.setQueryData(["session"], w))
      .catch((e: Problem) => setRefused(e.message))
      .finally(() => setLinked(true));
  }, [linked, cache]);
  if (!linked || who.isPending) {
    return <Spinner label="Signing in" style={{ marginTop: "20vh" }} />;
  }
  if (who.data && !(who.error instanceof Problem && who.error.status === 401)) {
    return <Session.Provider value={who.data}>{children}</Session.Provider>;
  }
  const gone = who.error instanceof Problem && who.error.status !== 401 ? who.error.message : "";
  return <SignIn refused={refused || gone} done={(w) => cache.setQueryData(["session"], w)} />;
}

const useStyles = makeStyles({
  page: { minHeight: "100vh", display: "grid", placeItems: "center", backgroundColor: tokens.colorNeutralBackground3 },
  card: { width: "min(26rem, 92vw)", padding: tokens.spacingHorizontalXXL, rowGap: tokens.spacingVerticalM },
  form: { display: "grid", rowGap: tokens.spacingVerticalM },
});

function SignIn({ refused, done }: { refused: string; done: (w: Who) => void }) {
  const styles = useStyles();
  const [id, setId] = useState("");
  const [secret, setSecret] = useState("");
  const [problem, setProblem] = useState(refused);
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
    <main className={styles.page}>
      <Card className={styles.card}>
        <Title2 as="h1">Causeway</Title2>
        <p style={{ margin: 0 }}>
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
      </Card>
    </main>
  );
}

/** leave ends the session, and loads the sign-in. */
export async function leave() {
  await request("DELETE", session).catch(() => undefined);
  location.assign("/portal/");
}

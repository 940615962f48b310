import { FluentProvider, webDarkTheme, webLightTheme } from "@fluentui/react-components";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode, useSyncExternalStore } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { Problem } from "./api";
import "../../internal/report/picture.css";
import "./page.css";
import { Signed } from "./session";
import { Shell } from "./shell";

const dark = matchMedia("(prefers-color-scheme: dark)");

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (failures, e) => !(e instanceof Problem && e.status >= 400 && e.status < 500) && failures < 2,
      refetchOnWindowFocus: false,
    },
  },
});

// A session that has ended shows in any answer: the sign-in takes the place of the page.
queries.getQueryCache().subscribe((event) => {
  const e = event.query.state.error;
  if (event.type === "updated" && e instanceof Problem && e.status === 401 && event.query.queryKey[0] !== "session") {
    void queries.invalidateQueries({ queryKey: ["session"] });
  }
});

function Portal() {
  const isDark = useSyncExternalStore(
    (changed) => {
      dark.addEventListener("change", changed);
      return () => dark.removeEventListener("change", changed);
    },
    () => dark.matches,
  );
  return (
    <FluentProvider theme={isDark ? webDarkTheme : webLightTheme}>
      <QueryClientProvider client={queries}>
        <BrowserRouter basename="/portal">
          <Signed>
            <Shell />
          </Signed>
        </BrowserRouter>
      </QueryClientProvider>
    </FluentProvider>
  );
}

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Portal />
    </StrictMode>,
  );
}

import { FluentProvider, RendererProvider, createDOMRenderer, webDarkTheme, webLightTheme } from "@fluentui/react-components";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { Problem } from "./api";
import "../../internal/report/picture.css";
import "./page.css";
import { Signed } from "./session";
import { Shell } from "./shell";
import { useDark } from "./theme";

// The browser takes styles from the script alone that has the nonce of this load.
const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";
const renderer = createDOMRenderer(document, { styleElementAttributes: { nonce } });

const queries = new QueryClient({
  defaultOptions: {
    // Whether the browser is on the internet says nothing about the gateway, which may be on this machine: ask, and say what is wrong.
    mutations: { networkMode: "always" },
    queries: {
      networkMode: "always",
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
  return (
    <RendererProvider renderer={renderer} targetDocument={document}>
      <FluentProvider theme={useDark() ? webDarkTheme : webLightTheme}>
        <QueryClientProvider client={queries}>
          <BrowserRouter basename="/portal" useTransitions={false}>
            <Signed>
              <Shell />
            </Signed>
          </BrowserRouter>
        </QueryClientProvider>
      </FluentProvider>
    </RendererProvider>
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

import { Button, Link, Select, Text, makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import { Suspense, lazy, useState, type ComponentType } from "react";
import { NavLink, Navigate, Route, Routes, useLocation } from "react-router";
import type { Gateway } from "./api";
import { Boundary } from "./boundary";
import { useGateway } from "./gateway";
import { Answered, Page, Waiting } from "./parts";
import { leave, useWho } from "./session";
import { choose, useTheme, type Theme } from "./theme";

type PageProps = { gateway: Gateway };

const page = <K extends string>(name: K, load: () => Promise<{ [P in K]: ComponentType<PageProps> }>) => lazy(() => load().then((m) => ({ default: m[name] })));

/** The pages, in the order and under the headings of Azure's menu. */
const menu: { heading: string; pages: { path: string; name: string; of: ComponentType<PageProps> }[] }[] = [
  {
    heading: "",
    pages: [
      { path: "overview", name: "Overview", of: page("Overview", () => import("./pages/overview")) },
      { path: "activity", name: "Activity log", of: page("Activity", () => import("./pages/activity")) },
      { path: "diagnose", name: "Diagnose and solve problems", of: page("Diagnose", () => import("./pages/diagnose")) },
    ],
  },
  {
    heading: "Settings",
    pages: [
      { path: "configuration", name: "Configuration", of: page("Configuration", () => import("./pages/configuration")) },
      { path: "firewall", name: "Web application firewall", of: page("Firewall", () => import("./pages/firewall")) },
      { path: "pools", name: "Backend pools", of: page("Pools", () => import("./pages/collections")) },
      { path: "settings", name: "Backend settings", of: page("BackendSettings", () => import("./pages/collections")) },
      { path: "frontends", name: "Frontend IP configurations", of: page("Frontends", () => import("./pages/collections")) },
      { path: "tls", name: "SSL settings", of: page("SSL", () => import("./pages/tls")) },
      { path: "listeners", name: "Listeners", of: page("Listeners", () => import("./pages/collections")) },
      { path: "rules", name: "Rules", of: page("Rules", () => import("./pages/collections")) },
      { path: "rewrites", name: "Rewrites", of: page("Rewrites", () => import("./pages/collections")) },
      { path: "probes", name: "Health probes", of: page("Probes", () => import("./pages/collections")) },
      { path: "revisions", name: "Revisions", of: page("Revisions", () => import("./pages/revisions")) },
      { path: "instances", name: "Instances", of: page("Instances", () => import("./pages/instances")) },
    ],
  },
  {
    heading: "Monitoring",
    pages: [
      { path: "health", name: "Backend health", of: page("BackendHealth", () => import("./pages/health")) },
      { path: "metrics", name: "Metrics", of: page("Metrics", () => import("./pages/metrics")) },
      { path: "logs", name: "Logs", of: page("Logs", () => import("./pages/logs")) },
      { path: "topology", name: "Topology", of: page("Topology", () => import("./pages/topology")) },
    ],
  },
  {
    heading: "Automation",
    pages: [{ path: "export", name: "Export", of: page("Export", () => import("./pages/export")) }],
  },
];

const wide = "@media (min-width: 800px)";

const useStyles = makeStyles({
  shell: { minHeight: "100vh", display: "flex", flexDirection: "column", backgroundColor: tokens.colorNeutralBackground2 },
  skip: {
    position: "absolute", left: "-100rem", padding: tokens.spacingHorizontalS, zIndex: 1,
    backgroundColor: tokens.colorNeutralBackground1, color: tokens.colorNeutralForeground1,
    ":focus": { left: 0, top: 0 },
  },
  top: {
    display: "flex", alignItems: "center", gap: tokens.spacingHorizontalM, padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalL}`,
    backgroundColor: tokens.colorBrandBackground, color: tokens.colorNeutralForegroundOnBrand, flexWrap: "wrap",
  },
  space: { flexGrow: 1 },
  onBrand: { color: tokens.colorNeutralForegroundOnBrand },
  body: { display: "flex", flexDirection: "column", flexGrow: 1, [wide]: { flexDirection: "row" } },
  menu: { padding: tokens.spacingHorizontalM, backgroundColor: tokens.colorNeutralBackground1, [wide]: { width: "15rem", flexShrink: 0 } },
  hidden: { display: "none", [wide]: { display: "block" } },
  burger: { [wide]: { display: "none" } },
  heading: { display: "block", marginTop: tokens.spacingVerticalM, color: tokens.colorNeutralForeground3 },
  entry: {
    display: "block", padding: `${tokens.spacingVerticalXS} ${tokens.spacingHorizontalS}`, borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground1, textDecorationLine: "none",
    ":hover": { backgroundColor: tokens.colorNeutralBackground1Hover },
    "&[aria-current=page]": { backgroundColor: tokens.colorBrandBackground2, fontWeight: tokens.fontWeightSemibold },
  },
  main: { flexGrow: 1, minWidth: 0, padding: tokens.spacingHorizontalL, maxWidth: "110rem", ":focus": { outlineStyle: "none" } },
});

/** Shell is what stands around every page. */
export function Shell() {
  const styles = useStyles();
  const gateway = useGateway();
  const who = useWho();
  const [open, setOpen] = useState(false);
  const { pathname, search } = useLocation();
  return (
    <div className={styles.shell}>
      <a
        href="#main"
        className={styles.skip}
        onClick={(e) => {
          e.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        Skip to the page
      </a>
      <header className={styles.top}>
        <Button className={mergeClasses(styles.burger, styles.onBrand)} appearance="transparent" aria-expanded={open} onClick={() => setOpen(!open)}>
          Menu
        </Button>
        <Text weight="semibold">Causeway</Text>
        <Text>{gateway.data?.name}</Text>
        <span className={styles.space} />
        <Text size={200}>
          {who.caller}, {who.role}
        </Text>
        <ThemeSwitch />
        <Link as="button" className={styles.onBrand} onClick={() => void leave()}>
          Sign out
        </Link>
      </header>
      <div className={styles.body}>
        <nav className={mergeClasses(styles.menu, !open && styles.hidden)} aria-label="Pages">
          {menu.map((group) => (
            <div key={group.heading}>
              {group.heading && <Text className={styles.heading}>{group.heading}</Text>}
              {group.pages.map((p) => (
                <NavLink key={p.path} to={{ pathname: "/" + p.path, search: kept(search) }} className={styles.entry} onClick={() => setOpen(false)}>
                  {p.name}
                </NavLink>
              ))}
            </div>
          ))}
        </nav>
        <main className={styles.main} id="main" tabIndex={-1}>
          <Answered query={gateway}>
            {(g) =>
              g ? (
                <Boundary key={pathname}>
                <Suspense fallback={<Waiting />}>
                  <Routes>
                    <Route path="/" element={<Navigate to="/overview" replace />} />
                    {menu.flatMap((group) => group.pages).map((p) => (
                      <Route key={p.path} path={"/" + p.path} element={<p.of gateway={g} />} />
                    ))}
                    <Route path="*" element={<Page title="There is no such page">The menu has all pages.</Page>} />
                  </Routes>
                </Suspense>
                </Boundary>
              ) : (
                <Page title="There is no gateway yet">
                  <Text>
                    Create one: <code>causeway config apply gateway.json</code>, az, Terraform, or a PUT of the management API.
                  </Text>
                </Page>
              )
            }
          </Answered>
        </main>
      </div>
    </div>
  );
}

/** ThemeSwitch lets somebody choose a theme, for this browser. */
function ThemeSwitch() {
  const theme = useTheme();
  return (
    <Select size="small" aria-label="Theme" value={theme} onChange={(_, d) => choose(d.value as Theme)}>
      <option value="system">System theme</option>
      <option value="light">Light</option>
      <option value="dark">Dark</option>
    </Select>
  );
}

/** kept is what stays in the URL from one page to the next: the range of time. */
function kept(search: string): string {
  const old = new URLSearchParams(search);
  const range = old.get("range");
  return range ? "?" + new URLSearchParams({ range }).toString() : "";
}

// Whether somebody is in front of the page. The server ends a session after an hour without anybody, however often pages ask by themselves.

const idleAfter = 60_000;

let touched = Date.now();

for (const kind of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"]) {
  addEventListener(kind, () => (touched = Date.now()), { passive: true, capture: true });
}

/** idle reports whether nobody has touched this page for a while. */
export const idle = () => Date.now() - touched > idleAfter;

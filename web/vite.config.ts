import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  base: "/portal/",
  plugins: [react()],
  build: { outDir: "../internal/portal/dist", emptyOutDir: false, sourcemap: false, target: "es2022", cssTarget: ["chrome123", "firefox120", "safari17.5"], chunkSizeWarningLimit: 700 },
});

import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

// The built page needs nothing but its own origin, and says so. Only the build: the development
// server puts inline scripts into the page.
const policy: Plugin = {
  name: "content-security-policy",
  apply: "build",
  transformIndexHtml: () => [
    {
      tag: "meta",
      attrs: {
        "http-equiv": "Content-Security-Policy",
        content: "default-src 'self'; base-uri 'none'; form-action 'none'; object-src 'none'",
      },
      injectTo: "head-prepend",
    },
  ],
};

export default defineConfig({
  // Relative, so that a server can mount the page wherever it likes.
  base: "./",
  plugins: [react(), policy],
  build: { target: "es2022", modulePreload: { polyfill: false } },
  server: {
    // `npm run dev` brings the page only; the chat server runs beside it.
    proxy: {
      "/socket.io": { target: process.env["KLATCH_SERVER"] ?? "http://127.0.0.1:3000", ws: true },
    },
  },
});

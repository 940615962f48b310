package portal

import (
	"bytes"
	"crypto/rand"
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// The pages are built from web/ into dist, which the repository does not hold.
//
//go:embed all:dist
var built embed.FS

// Built reports whether this program was built with the pages.
func Built() bool {
	_, err := fs.Stat(built, "dist/index.html")
	return err == nil
}

// notBuilt is what a program without the pages says.
const notBuilt = "This causeway was built without the portal's pages. make build builds them; it needs Node.js 20.19 or later.\n" +
	"The management API answers as usual.\n"

// pages serves the built files. Every other path is a page that the script in index.html shows.
func pages() http.Handler {
	files, err := fs.Sub(built, "dist")
	if err != nil { // the name is a constant
		panic(err)
	}
	server := http.StripPrefix(Path, http.FileServerFS(files))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := path.Clean(strings.TrimPrefix(r.URL.Path, Path))
		switch info, err := fs.Stat(files, name); {
		case !Built():
			http.Error(w, notBuilt, http.StatusNotImplemented)
		case err == nil && !info.IsDir() && strings.HasPrefix(name, "assets/"): // their names hold a hash of what is in them
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			serveSmall(server, files, name, w, r)
		case strings.HasPrefix(name, "assets/"):
			http.NotFound(w, r)
		default:
			serveIndex(files, w)
		}
	})
}

// serveIndex serves the page that holds the others, each time with a nonce of its own, without which the browser takes no style from a
// script.
func serveIndex(files fs.FS, w http.ResponseWriter) {
	page, err := fs.ReadFile(files, "index.html")
	if err != nil {
		http.Error(w, notBuilt, http.StatusNotImplemented)
		return
	}
	nonce := rand.Text()
	w.Header().Set("Content-Security-Policy", policyOf(nonce))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(bytes.Replace(page, []byte(`nonce="NONCE"`), []byte(`nonce="`+nonce+`"`), 1)) // a client that left is no concern of ours
}

// serveSmall serves a file compressed, where it was built so and the browser takes it.
func serveSmall(server http.Handler, files fs.FS, name string, w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Accept-Encoding")
	if _, err := fs.Stat(files, name+".gz"); err != nil || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		server.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.Header().Set("Content-Type", contentType(name))
	http.ServeFileFS(w, r, files, name+".gz")
}

func contentType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}

// policyOf lets a page load and ask nothing but this gateway. Fluent's styles are rules that its script adds to sheets with the nonce of
// the page; empty: there are none.
func policyOf(nonce string) string {
	styles := "'self'"
	if nonce != "" {
		styles += " 'nonce-" + nonce + "'"
	}
	return "default-src 'none'; script-src 'self'; style-src " + styles + "; img-src 'self' data:; font-src 'self'; " +
		"connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
}

// secured adds what keeps other sites away from the pages.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policyOf(""))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

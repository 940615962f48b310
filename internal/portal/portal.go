// Package portal serves the web portal: the pages, which are a client of the management API like any other, and the sessions of
// browsers, which take the place of a token there.
package portal

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"strings"

	"causeway/internal/access"
)

// Path is below which the portal answers.
const Path = "/portal/"

// Who of a session, as GET and POST of Path+"session" answer it.
type Who struct {
	Caller string      `json:"caller"`
	Role   access.Role `json:"role"`
	Key    string      `json:"key,omitempty"` // of a session that begins, for access.PortalHeader
}

// signIn is the body of POST: the code of a link, or a credential.
type signIn struct {
	Code         string `json:"code"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
}

// New makes the handler of everything below Path. Every request to it names the portal in access.PortalHeader, the pages
// themselves apart.
func New(s *access.Sessions) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path+"session", func(w http.ResponseWriter, r *http.Request) {
		who, err := s.Of(r)
		reply(w, access.Opened{Caller: who}, err)
	})
	mux.HandleFunc("POST "+Path+"session", func(w http.ResponseWriter, r *http.Request) { begin(s, w, r) })
	mux.HandleFunc("DELETE "+Path+"session", func(w http.ResponseWriter, r *http.Request) {
		s.Leave(w, r)
		w.WriteHeader(http.StatusNoContent)
	})
	mux.Handle("GET "+Path, pages())
	mux.Handle("GET /portal", http.RedirectHandler(Path, http.StatusMovedPermanently))
	return secured(mux)
}

// signInMax is how many bytes the body of a sign-in may have.
const signInMax = 4 << 10

// begin signs a browser in.
func begin(s *access.Sessions, w http.ResponseWriter, r *http.Request) {
	if r.Header.Get(access.PortalHeader) == "" {
		reply(w, access.Opened{}, access.ErrForeign)
		return
	}
	var body signIn
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, signInMax)).Decode(&body); err != nil {
		refuse(w, http.StatusBadRequest, "InvalidRequestContent", "the body is not a JSON object with a code, or with clientId and clientSecret")
		return
	}
	var opened access.Opened
	var err error
	if body.Code != "" {
		opened, err = s.Accept(body.Code)
	} else {
		opened, err = s.SignIn(r.Context(), clientOf(r), strings.TrimSpace(body.ClientID), strings.TrimSpace(body.ClientSecret))
	}
	if err == nil {
		http.SetCookie(w, access.Cookie(opened.ID))
	}
	reply(w, opened, err)
}

// clientOf is the address of a client; the zero value on a unix socket.
func clientOf(r *http.Request) netip.Addr {
	at, _ := netip.ParseAddrPort(r.RemoteAddr)
	return at.Addr()
}

// reply answers with the caller of a session, or with why there is none.
func reply(w http.ResponseWriter, opened access.Opened, err error) {
	switch {
	case err == nil:
		writeJSON(w, http.StatusOK, Who{Caller: opened.Caller.ID, Role: opened.Caller.Role, Key: opened.Key})
	case errors.Is(err, access.ErrTooMany):
		w.Header().Set("Retry-After", "60")
		refuse(w, http.StatusTooManyRequests, "TooManyAttempts", err.Error())
	case errors.Is(err, access.ErrForeign):
		refuse(w, http.StatusForbidden, "ForeignRequest", err.Error())
	case access.Unproven(err):
		refuse(w, http.StatusUnauthorized, "InvalidAuthentication", err.Error())
	default:
		refuse(w, http.StatusServiceUnavailable, "StoreUnavailable", "the sign-in could not be checked: "+err.Error())
	}
}

// refuse answers with an error in the form of the management API.
func refuse(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, map[string]any{"error": map[string]string{"code": code, "message": message}})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that left is no concern of ours
}

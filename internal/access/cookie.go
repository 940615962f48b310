package access

import (
	"errors"
	"net/http"
	"time"
)

// cookieName keeps the cookie to the host that set it, to https and to every path (RFC 6265bis, section 4.1.3.2).
const cookieName = "__Host-causeway-session"

// PortalHeader has the key of the session in every request of the portal's script, which keeps it where only pages of its own
// origin read it. Another site cannot send it. Nor can another port of the same host, such as a listener of the gateway, behind
// which a member sees the cookie: browsers send cookies to all ports (RFC 6265, section 8.5). The cookie alone is worth nothing.
const PortalHeader = "X-Causeway-Portal"

// IdleHeader marks a request that a page makes by itself, while nobody has touched it for a while. It is answered as any other, and does
// not count as use: a page that is left open does not keep its session alive.
const IdleHeader = "X-Causeway-Idle"

// ErrForeign is returned for a request that may come from another site.
var ErrForeign = errors.New("the request does not come from the portal")

// Cookie is that of a session. Scripts cannot read it, and other sites' requests do not carry it.
func Cookie(id string) *http.Cookie {
	return &http.Cookie{
		Name: cookieName, Value: id, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		MaxAge: int(sessionLife / time.Second),
	}
}

// Carries reports whether a request is one of the portal's script in a browser that is signed in or was.
func Carries(r *http.Request) bool {
	_, err := r.Cookie(cookieName)
	return err == nil && r.Header.Get(PortalHeader) != ""
}

// Of finds the caller of a request by its session. The errors are ErrForeign and those of Check.
func (s *Sessions) Of(r *http.Request) (Caller, error) {
	key := r.Header.Get(PortalHeader)
	if key == "" {
		return Caller{}, ErrForeign
	}
	c, err := r.Cookie(cookieName)
	if err != nil {
		return Caller{}, ErrNoSession
	}
	return s.check(r.Context(), c.Value, key, r.Header.Get(IdleHeader) == "")
}

// Leave ends the session of a request, and removes its cookie.
func (s *Sessions) Leave(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(cookieName); err == nil && r.Header.Get(PortalHeader) != "" {
		s.End(c.Value, r.Header.Get(PortalHeader))
		gone := Cookie("")
		gone.MaxAge = -1
		http.SetCookie(w, gone)
	}
}

// Unproven reports whether an error says that a client has not proved who it is.
func Unproven(err error) bool {
	for _, known := range []error{ErrRefused, ErrNoToken, ErrBadToken, ErrRevoked, ErrNoInvitation, ErrNoSession} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

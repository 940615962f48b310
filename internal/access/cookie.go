package access

import (
	"errors"
	"net/http"
	"time"
)

// cookieName keeps the cookie to the host that set it, to https and to every path (RFC 6265bis, section 4.1.3.2).
const cookieName = "__Host-causeway-session"

// PortalHeader is in every request of the portal's script. Another site cannot send it without being asked first, and is refused then:
// so no request that a browser sends on behalf of another site counts as the session's.
const PortalHeader = "X-Causeway-Portal"

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
	if r.Header.Get(PortalHeader) == "" {
		return Caller{}, ErrForeign
	}
	c, err := r.Cookie(cookieName)
	if err != nil {
		return Caller{}, ErrNoSession
	}
	return s.Check(r.Context(), c.Value)
}

// Leave ends the session of a request, and removes its cookie.
func (s *Sessions) Leave(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(cookieName); err == nil && r.Header.Get(PortalHeader) != "" {
		s.End(c.Value)
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
